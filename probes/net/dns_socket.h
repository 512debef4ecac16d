/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets that c-ares uses here. c-ares 1.18 reports every socket error as
 * ARES_ECONNREFUSED, so they are made and used by functions of ours, which see errno.
 */
#ifndef PROBES_DNS_SOCKET_H
#define PROBES_DNS_SOCKET_H

#include <ares.h>
#include <stdbool.h>

/* What happened on a channel's sockets; reset by whoever calls into c-ares. */
struct dns_socket_news {
	int error;  /* positive errno of the last failure, ENOBUFS for a full buffer; 0:
		       none */
	bool local; /* by that failure nothing left this machine */
	bool received; /* the last read brought something */
};

/* For ares_set_socket_functions(), with a struct dns_socket_news as the user data. */
extern const struct ares_socket_functions dns_socket_functions;

#endif
