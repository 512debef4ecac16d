/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet as one scan of one vantage saw it, with what people were last told of each
 * flow. Made from an engine's results (scan/measured.h) or from the store
 * (query/snapshot.h); compared by analyze/changes.h. Immutable once made. 56 bytes a
 * flow: names are shared.
 */
#ifndef DAEMON_MODEL_SNAPSHOT_H
#define DAEMON_MODEL_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/intern.h"
#include "daemon/model/words.h"
#include "probes/reason.h"

struct probe_ops;

/* Indexes into an array of names. */
struct snapshot_set {
	const uint32_t *items;
	uint32_t count;
};

struct snapshot_host {
	const char *name;
	struct net_address address; /* the first one; family 0: not known */
	struct snapshot_set groups; /* without "all" */
	uint32_t first_flow, n_flows;
};

struct snapshot_check {
	const char *name;
	const struct probe_ops
		*ops; /* NULL: of a kind that this program does not have */
};

struct snapshot_flow {
	const char *evidence; /* JSON object or NULL */
	uint32_t question;    /* hash of what was asked: options and addresses */
	uint32_t host, check;
	uint32_t rules;             /* index into rule_sets */
	uint32_t identity;          /* index into texts; 0: none */
	uint32_t reported_identity; /* likewise */
	uint32_t incident; /* number of the open incident it is part of; 0: none */
	uint32_t silence;  /* number of the silence that covers it; 0: none */
	uint8_t state; /* enum probe_state: the last that was measured; STATE_NONE: none
			  ever was, STATE_ERROR: this scan could not */
	uint8_t reason, phase;
	uint8_t expect;      /* enum rule_expect */
	uint8_t verdict;     /* enum verdict */
	uint8_t own_verdict; /* before `require` excused it */
	uint8_t flap;        /* enum flap_phase */
	uint8_t reported_state, reported_reason,
		reported_verdict; /* where is_reported */
	uint8_t gap_reason; /* why this scan did not measure it; REASON_NONE: it did */
	bool accepts_closed : 1; /* with `expect: blocked`, a RST is as good as silence
				  */
	bool carried : 1;        /* not asked by this scan: as an older one left it */
	bool proved : 1;      /* it was to be blocked, and its own control proved it */
	bool is_reported : 1; /* people were told of it, or had nothing to be told */
	bool withheld : 1;    /* it differs, and the scan was degraded */
	bool absent : 1;      /* not in scope: kept for the places of the others */
};

/* Where the state of a flow comes from. */
struct snapshot_times {
	int64_t since_us;      /* when it began */
	int64_t scan, time_us; /* the scan that saw it last, and when that started */
};

struct snapshot {
	struct arena arena;
	const char *vantage;
	int64_t scan; /* 0: there is none, and no flow; or not stored */
	int64_t started_us;
	bool degraded;
	struct snapshot_host *hosts;
	uint32_t n_hosts;
	struct snapshot_check *checks;
	uint32_t n_checks;
	const char *const *groups;
	uint32_t n_groups;
	const char *const *rules;
	uint32_t n_rules;
	struct snapshot_set *rule_sets; /* of `rules` */
	uint32_t n_rule_sets;
	struct intern texts;          /* number 0 is "" */
	struct snapshot_flow *flows;  /* by host */
	struct snapshot_times *times; /* parallel to them; or NULL: not loaded */
	uint32_t n_flows;
};

/* All members zero or empty. 0 or -ENOMEM; snapshot_fini() it either way. */
int snapshot_init(struct snapshot *snapshot);
void snapshot_fini(struct snapshot *snapshot);

/* The number of a text, added when it is new; NULL counts as "". 0 or -ENOMEM. */
int snapshot_text(struct snapshot *snapshot, const char *text, uint32_t *number);

#define SNAPSHOT_NOWHERE UINT32_MAX

/*
 * Per flow of `after`, its place in `before`, or SNAPSHOT_NOWHERE: the same host and
 * check. 0 with *places (free() it; NULL when `after` has no flow), or -ENOMEM.
 */
int snapshot_match(
	const struct snapshot *before, const struct snapshot *after, uint32_t **places);

/* What people call it. */
static inline const char *snapshot_host_name(
	const struct snapshot *snapshot, const struct snapshot_flow *flow)
{
	return snapshot->hosts[flow->host].name;
}

static inline const char *snapshot_check_name(
	const struct snapshot *snapshot, const struct snapshot_flow *flow)
{
	return snapshot->checks[flow->check].name;
}

#endif
