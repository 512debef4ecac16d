/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules unrolled: every flow of this vantage, once, ordered by host. Immutable once
 * built. Sized for a million flows: 20 bytes a flow, names and checks are shared.
 */
#ifndef DAEMON_ENGINE_PLAN_H
#define DAEMON_ENGINE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/config.h"
#include "probes/registry.h"

#define PLAN_MAX_FLOWS 16000000 /* rules times hosts, before duplicates are merged */

struct plan_flow {
	uint32_t host;
	uint32_t check;
	uint32_t rules;  /* index into rule_sets: the rules that ask for it; those that
			    ask for it as a control alone only where no other does */
	uint32_t askers; /* likewise: all that ask for it, as a control too */
	uint8_t expect;  /* enum rule_expect, never EXPECT_DEFAULT */
	bool accept_closed;
	bool control; /* asked only as a positive control */
	bool vital;   /* one of the configuration's `controls` */
};

/* A check with its options: two rules that give tcp/443 other time limits are a
 * mistake, so there is one entry a canonical name. */
struct plan_check {
	const char *name;
	const struct probe_ops *ops;
	const void *conf;
	const struct conf_node *options; /* as they are written; NULL: none */
	uint32_t timeout_ms;
	uint32_t attempts;
	uint32_t connections; /* TCP connections to an address, one attempt each; 0 for
				 a check that asks no address */
};

struct plan_host {
	const char *name;
	const char *dial_name; /* resolved at each scan; NULL: addresses given */
	const struct net_address *addresses;
	uint32_t n_addresses;
	uint32_t first_flow, n_flows;
	uint32_t inventory; /* index of the inventory's host; UINT32_MAX: in none */
};

struct plan_rule_set {
	const uint32_t *rules; /* indexes into config->rules, rising */
	uint32_t count;
};

struct plan {
	struct arena arena;
	const struct config *config;        /* must outlive the plan */
	struct probe_vocabulary vocabulary; /* what the configuration names */
	struct plan_flow *flows;
	uint32_t n_flows;
	struct plan_host *hosts; /* those with flows, in the order of the inventory */
	uint32_t n_hosts;
	struct plan_check *checks;
	uint32_t n_checks;
	struct plan_rule_set *rule_sets;
	uint32_t n_rule_sets;
	uint64_t scope;       /* hash of (host, check) of all flows, in any order */
	uint32_t connections; /* TCP connections of a scan if each needs one attempt and
				 each name to resolve has one address; UINT32_MAX: that
				 many or more */
};

/*
 * Unrolls the rules that apply to the configured vantage: a rule whose `from` does not
 * hold this vantage is passed over (a warning when that leaves rules unused; an error
 * that says what to set when no flow is left). The vantage is the host of that name,
 * or, where none has it, one whose first label it is ("ls1" for ls1.corp.example). The
 * same flow from several rules is one flow with all their names; contradicting
 * expectations or options are mistakes. Returns 0 (plan_free() it), -EINVAL after
 * reporting, -ENOMEM.
 */
int plan_build(
	const struct config *config, struct conf_report *report, struct plan **out);

/*
 * One ad hoc flow: `check` on `host` (a name or an address), which need not be in the
 * inventory, with the time limit and attempts of the settings. `host` and `check` are
 * copied. Without a file, `config` comes from config_parse() of a minimal text. Adds
 * `check` to the report as a source. Returns as above.
 */
int plan_single(const struct config *config, const char *check, const char *host,
	struct conf_report *report, struct plan **out);

/* A trace to one port: see probes/trace/trace.h. */
struct plan_trace {
	struct plan_host host; /* its name and addresses, or the name to resolve */
	uint16_t port;
	bool distance;       /* only how far the port's answer comes */
	uint32_t timeout_ms; /* of one SYN, at most */
	uint32_t budget_ms;  /* of the whole trace */
};

/*
 * One flow a trace, in their order. Those to one host must be neighbours: then they are
 * one host's flows, for which per_host holds. What the traces' hosts point to must
 * outlive the plan. 0 (plan_free() it) or -ENOMEM.
 */
int plan_traces(const struct config *config, const struct plan_trace *traces,
	uint32_t n_traces, struct plan **out);

void plan_free(struct plan *plan);

/* Whether the flow is of many ports of which it is no matter who listens: a sweep, but
 * for one that takes a closed port for a blocked one. */
bool plan_flow_by_path(const struct plan *plan, uint32_t flow);

/* Index of the flow, or -1. */
int64_t plan_find(const struct plan *plan, const char *host, const char *check);

/* The names of a flow's rules as a JSON array; NULL without memory. Caller frees. */
char *plan_rules_json(const struct plan *plan, const struct plan_flow *flow);

#endif
