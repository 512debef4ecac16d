/* SPDX-License-Identifier: Apache-2.0 */
/* Rows for readers: what queries yield and renderers print. Texts are lent. */
#ifndef DAEMON_MODEL_ROWS_H
#define DAEMON_MODEL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "daemon/model/incident.h"
#include "daemon/model/lifecycle.h"
#include "daemon/model/words.h"
#include "probes/reason.h"

struct report_address {
	struct net_address address;
	enum probe_state state;
	enum probe_reason reason;
	uint32_t rtt_us;      /* 0: none */
	const char *evidence; /* JSON object or NULL */
};

struct report_result {
	int64_t scan; /* 0: not stored */
	int64_t time_us;
	const char *vantage, *host, *check;
	const char *const *rules;
	size_t n_rules;
	enum probe_state state;
	enum probe_reason reason;
	enum probe_phase phase;
	enum rule_expect expect;
	enum verdict verdict;
	const char *held_by; /* "require 1 of 2": passes although its state alone would
				not; or NULL */
	uint32_t attempts;
	uint32_t rtt_us; /* 0: none */
	const struct report_address *addresses;
	size_t n_addresses;
	const char *evidence;   /* JSON object or NULL */
	int64_t since_us;       /* 0: not known; status fills it */
	const char *unmeasured; /* why the last scan could not measure it, and it is as
				   an older one left it; or NULL */
	uint32_t silence;       /* the number of the silence that covers it; 0: none */
	bool flapping;
};

struct report_change {
	int64_t scan, since_scan; /* b and a; 0 when of different files */
	const char *vantage, *host, *check;
	enum probe_state from, to; /* STATE_NONE: not in scope (added, removed) */
	enum probe_reason reason;  /* of `to` */
	enum change_kind kind;
	uint32_t incident;    /* 0: none */
	const char *evidence; /* JSON object or NULL */
	enum rule_expect expect;
	uint32_t silence; /* as of a result */
	enum flap_phase flap;
};

/* An open incident that another one shrinks, closes or adds to. */
struct report_incident_ref {
	int64_t number;
	const char *uid;
	enum change_kind kind; /* of its opening */
	int64_t opened_us;
	uint64_t flows, remaining;
	enum incident_status status;
};

struct report_incident {
	int64_t scan;
	const struct incident *incident;
	const struct incident_input *input; /* for the names of hosts and checks */
	const char *trace; /* where its packets get lost, a sentence; or NULL */
	bool silenced;     /* all of its changes are */
	bool quiet; /* all of its changes are silenced or of flows that flap on */
	/* Its life, where people are notified of it; number 0: they are not. */
	int64_t number;
	const char *uid;
	enum change_kind opening; /* the kind of what opened it */
	int64_t opened_us;
	uint64_t flows, remaining; /* of the incident with that number */
	enum incident_status status;
	const struct report_incident_ref *refs; /* by number */
	size_t n_refs;
};

struct report_counts {
	uint64_t flows, pass, fail, inconclusive;
};

struct report_summary {
	int64_t scan;        /* 0: not stored */
	const char *command; /* "scan", "diff", "status", "probe" */
	uint64_t flows, pass, fail, inconclusive;
	uint64_t changes, incidents;
	bool degraded;
	const char *degraded_reason; /* or NULL */
	/* Of a diff: whether `before` was degraded, and why (or NULL); and the flows
	 * that each side asked and could not measure. */
	bool degraded_before;
	const char *degraded_before_reason;
	uint64_t unmeasured, unmeasured_before;
	uint64_t duration_us;
	const char *before,
		*after;      /* for diff and scan: "scan 11, 2026-..Z"; or NULL */
	const char *vantage; /* or NULL; diff fills it, which may have no change */
	const struct report_counts *counts_before; /* of `before`; or NULL */
	uint64_t silenced; /* flows that are silenced and do not pass; of a diff, that
			      changed */
	uint64_t flapping; /* flows that do */
	uint64_t carried;  /* flows that the scan did not ask: they had no turn */
};

#endif
