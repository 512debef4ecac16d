/* SPDX-License-Identifier: Apache-2.0 */
/* Changes folded by probable cause, and what they are folded from. */
#ifndef DAEMON_MODEL_INCIDENT_H
#define DAEMON_MODEL_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "daemon/model/words.h"
#include "probes/reason.h"

struct incident_host {
	const char *name;
	struct net_address address; /* family 0 when unknown */
	const uint32_t *groups;     /* indexes into input->groups; without "all" */
	uint32_t n_groups;
};

/* Every flow in scope, changed or not: those that stayed are the counter-evidence. */
struct incident_flow {
	uint32_t host;
	uint32_t check;
	uint8_t from, to;  /* enum probe_state */
	uint8_t kind;      /* enum change_kind; CHANGE_NONE: it did not change */
	uint8_t expect;    /* enum rule_expect */
	uint8_t reason;    /* enum probe_reason, of `to`; REASON_NONE: not known */
	uint8_t phase;     /* enum probe_phase, of `to`; PHASE_NONE: not known */
	const char *cause; /* the DNS server or the ICMP sender that the evidence names;
			      or NULL. Flows with different ones are kept apart where
			      the difference goes with the host or the check. */
	const char *hop;   /* the address of the last hop of its trace; or NULL: not
			      traced, or no hop answered. Likewise. */
};

struct incident_input {
	const char *vantage;
	const struct incident_host *hosts;
	uint32_t n_hosts;
	const char *const *checks; /* canonical names */
	uint32_t n_checks;
	const char *const *groups; /* names */
	uint32_t n_groups;
	const struct incident_flow *flows;
	uint32_t n_flows;
};

enum incident_scope {
	INCIDENT_FLOW,         /* one flow alone */
	INCIDENT_HOST,         /* several or all checks of one host */
	INCIDENT_CHECK_GROUP,  /* one check (or port of several kinds) to a group */
	INCIDENT_CHECK_SUBNET, /* one check to a subnet */
	INCIDENT_CHECK_ALL,    /* one check to every host that has it */
	INCIDENT_GROUP,        /* several checks to a group */
	INCIDENT_SUBNET,       /* several checks to a subnet */
	INCIDENT_CHECK_RANGE,  /* one check to a range of addresses */
	INCIDENT_CHECK_GROUPS, /* one check to several groups */
	INCIDENT_CHECK_HOSTS,  /* one check to hosts that share nothing else */
	INCIDENT_RANGE,        /* several checks, likewise */
	INCIDENT_GROUPS,
	INCIDENT_HOSTS,
	INCIDENT_CAUSE,   /* all names that one DNS server is asked for */
	INCIDENT_ALL,     /* several checks to every host that has them */
	INCIDENT_VANTAGE, /* the vantage itself, and no flow: incident_fold() makes
			     none */
};

/* "flow", "host", "check-group" ...: for the JSON. Static. */
const char *incident_scope_word(enum incident_scope scope);

#define INCIDENT_MAX_UNCHANGED 5
#define INCIDENT_MAX_NAMED 3

struct incident {
	uint32_t id; /* from 1, biggest first */
	enum incident_scope scope;
	enum change_kind kind;
	const char *summary; /* "tcp/135 from par-sh-001 to license_servers: open ->
				filtered, 2 of 2 hosts", with a real arrow (U+2192) */
	const char *check;   /* NULL: several */
	const char *host;    /* NULL: several */
	const char *name; /* of its hosts: "license_servers but rdls03"; NULL: one host,
			     or all */
	/* What the name is made of; NULL: not that. No host that could have changed the
	 * same way is in a subnet, a range or several groups and did not, `but` these.
	 */
	const char *group;  /* n_hosts of its of_hosts */
	const char *subnet; /* "10.20.0.0/24" */
	const char *range;  /* "10.20.0.7-10.20.0.31" */
	const char *const *groups;
	uint32_t n_groups;
	uint32_t but[INCIDENT_MAX_NAMED]; /* hosts of the scope that stayed */
	uint32_t n_but;
	uint32_t also[INCIDENT_MAX_NAMED]; /* hosts beside it that did not */
	uint32_t n_also;
	bool all_checks;       /* of several: nothing else is asked of its hosts */
	const char *cause;     /* NULL: none in common */
	uint8_t from, to;      /* STATE_NONE when mixed */
	const uint32_t *flows; /* indexes into input->flows: the changed ones */
	uint32_t n_flows;
	uint32_t n_hosts; /* hosts among them */
	uint32_t
		of_hosts; /* hosts in this scope that could have changed the same way */
	const uint32_t *unchanged; /* the first INCIDENT_MAX_UNCHANGED flows in
				      scope that stayed as they were */
	uint32_t n_unchanged;      /* how many there are in all */
	/* Another check that stayed as it was on most of the same hosts: what tells a
	 * rule from a dead host. NULL: there is none. */
	const char *contrast_check;
	uint8_t contrast_state; /* STATE_NONE when mixed */
	uint32_t contrast_hosts;
};

#endif
