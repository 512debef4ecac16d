/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of rpc_server. */
#ifndef TESTS_RPC_SERVER_OPTIONS_H
#define TESTS_RPC_SERVER_OPTIONS_H

#include "tests/support/rpc_server/mapper.h"

enum {
	RPC_FRAGMENT_SIZE = 5840,
	RPC_FRAGMENT_LEAST = 32, /* a response's header and eight bytes */
	RPC_MAX_ADDRESSES = 64,
};

struct rpc_options {
	const char *addresses[RPC_MAX_ADDRESSES]; /* none: all */
	size_t n_addresses;
	unsigned fragment_size;
	unsigned long made; /* registrations to be made up */
	bool big_endian;
};

/* Fills both in; the strings are argv's. Mistakes are told on stderr, and exit. */
void rpc_options_parse(
	int argc, char **argv, struct rpc_options *options, struct rpc_mapper *mapper);

/* Says why on stderr, and exits with 2. */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);

#endif
