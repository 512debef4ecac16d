/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one scan saw, parallel to the plan's flows. The common case (one address, no
 * evidence) is 24 bytes; the rest hangs off `detail`.
 */
#ifndef DAEMON_ENGINE_RESULTS_H
#define DAEMON_ENGINE_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"
#include "daemon/engine/plan.h"
#include "probes/reason.h"

/* One address of a flow. */
struct flow_address {
	struct net_address address;
	uint8_t state, reason, phase;
	uint8_t attempts;
	uint32_t rtt_us;
	char *evidence; /* malloc'ed JSON object or NULL; owned by the results */
};

/* Only where a flow has more than the plain fields say. */
struct flow_detail {
	char *evidence; /* malloc'ed JSON object or NULL; of the flow as a whole */
	char *identity; /* malloc'ed text or NULL */
	uint32_t n_addresses; /* more than one address; else 0 */
	struct flow_address *addresses;
};

struct flow_result {
	uint8_t state; /* enum probe_state; STATE_NONE until it settled */
	uint8_t reason;
	uint8_t phase;
	uint8_t attempts; /* of the address with most; 255: that many or more */
	uint32_t rtt_us;  /* of the slowest address that answered; 0: none */
	uint32_t at_ms;   /* when it settled, since the scan's start */
	uint32_t clear; /* bit i: address i of the host let packets through (its path is
			   clear or partial); 0 for checks that ask no address */
	struct flow_detail *detail; /* or NULL */
};

/* The addresses that a host was probed on in this scan. */
struct host_addresses {
	const struct net_address *items; /* the plan's, or malloc'ed when `resolved` */
	uint32_t count;
	bool resolved;
	bool by_server; /* DNS servers were asked in this scan */
};

/* What is known of a flow that a scan did not ask, as its rules had no turn. */
enum results_carried {
	CARRIED_NONE, /* it was asked */
	CARRIED,      /* its state is an older scan's, or STATE_NONE: never asked yet */
	CARRIED_PROVED, /* likewise, and that scan had the proof that it is a pass */
};

struct results {
	const struct plan *plan;
	struct flow_result *flows;    /* plan->n_flows of them */
	struct host_addresses *hosts; /* plan->n_hosts of them */
	uint8_t *carried;    /* per flow: enum results_carried; NULL: all were asked */
	uint64_t started_us; /* clock_monotonic_us() of the scan's start; 0: not yet */
};

/* All STATE_NONE. 0 or -ENOMEM. */
int results_init(struct results *results, const struct plan *plan);
void results_fini(struct results *results);

/* Whether the flow's result is that of an older scan. */
bool results_is_carried(const struct results *results, uint32_t flow);
uint32_t results_count_carried(const struct results *results);

/* Back to STATE_NONE, its detail freed. */
void results_forget(struct results *results, uint32_t flow);

/*
 * What a host's name resolved to (none: count 0); copied, freed by the results. Where
 * that is not what it was, `clear` of the host's flows is zeroed: the addresses that it
 * speaks of are gone. 0 or -ENOMEM, and then the addresses are as they were.
 */
int results_set_addresses(struct results *results, uint32_t host,
	const struct net_address *items, size_t count);

/* The flow's own evidence, else that of the first of its addresses that has any; NULL
 * when there is none. The results'. */
const char *flow_result_evidence(const struct flow_result *result);

/*
 * Folds a flow's addresses into one result (pure): equal states stay; different ones
 * are `partial`, with the reason that observation_path() knows them by, unless one is
 * `error`, which makes the whole `error` (never half a truth). `by_path`: listeners
 * come and go, so neither identity nor reason says what accepts. Identity: their own
 * when equal, else one by family
 * ("v4 filtered, v6 open"; "v4 1 filtered 2 open" where a family disagrees with itself;
 * an address's own identity follows its state in parentheses). Fills all of *out but
 * at_ms; takes over `addresses` (malloc'ed) when there are several, else takes the
 * address's evidence and identity. Identities are taken or freed and set to NULL. 0, or
 * -ENOMEM: then *out is error/no-memory, and what would have been taken was freed.
 */
int results_fold(struct flow_address *addresses, char **identities, uint32_t count,
	bool by_path, struct flow_result *out);

#endif
