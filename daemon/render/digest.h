/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows of which the same is to be said, said once: "tcp/135 on rdls[01:02]: filtered".
 * A bounded number of entries is kept; the flows of others are counted.
 */
#ifndef DAEMON_RENDER_DIGEST_H
#define DAEMON_RENDER_DIGEST_H

#include <stdint.h>

#include "daemon/render/host_ranges.h"

struct digest_entry {
	uint64_t hash;
	uint32_t mark; /* the user's */
	char *subject, *state, *why;
	int64_t since_us; /* the newest; 0: not known */
	struct host_ranges hosts;
};

struct digest {
	uint32_t limit; /* entries; set before the first is added */
	struct digest_entry *entries;
	uint32_t count;
	uint64_t flows;    /* all that were added */
	uint64_t left_out; /* those in no entry */
};

/* What one flow adds; strings are copied. */
struct digest_flow {
	uint32_t mark;
	const char *host;
	const char *subject, *state, *why;
	int64_t since_us;
};

/* 0 or -ENOMEM. */
int digest_add(struct digest *digest, const struct digest_flow *flow);

void digest_fini(struct digest *digest);

#endif
