/* SPDX-License-Identifier: Apache-2.0 */
/* Well-known DCE/RPC interfaces by the names that rpc/NAME takes. */
#ifndef PROBES_RPC_NAMES_H
#define PROBES_RPC_NAMES_H

#include "probes/probe.h"

struct rpc_name {
	const char *name;
	struct uuid_syntax syntax;
	const char *what; /* "Remote Desktop Licensing" */
	uint16_t port;  /* where it listens by itself, so that the mapper is not asked:
			   135 for what lives in the endpoint mapper's process; else 0 */
	bool has_alive; /* ServerAlive2, opnum 5, is called after the bind
			   ([MS-DCOM] 3.1.2.5.1.6) */
};

/* All of them, by name; NULL name at the end. */
extern const struct rpc_name rpc_names[];

/* The built-in names first, then the vocabulary's (may be NULL). False: unknown. A name
 * from the vocabulary fills *out with its syntax and what = name. */
bool rpc_name_find(const char *name, const struct probe_vocabulary *vocabulary,
	struct rpc_name *out);

/* The built-in name of an interface, whatever its version, or NULL. */
const struct rpc_name *rpc_name_of(const struct uuid *uuid);

#endif
