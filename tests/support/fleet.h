/* SPDX-License-Identifier: Apache-2.0 */
/* A plan made by hand: every host has every check. For tests of the engine. */
#ifndef TESTS_SUPPORT_FLEET_H
#define TESTS_SUPPORT_FLEET_H

#include <stdint.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"

struct fleet {
	struct plan plan;
	struct results results;
	struct engine_options options;      /* no limit at all, a seed, one engine */
	struct net_address (*addresses)[2]; /* of each host; the second is not used */
};

/* Hosts "h0", "h1" ... at 127.1.0.0, 127.1.0.1 ...; the checks are to be filled in by
 * fleet_check(). */
void fleet_init(struct fleet *fleet, uint32_t n_hosts, uint32_t n_checks);

/* Time limit 1000 ms, one attempt. */
struct plan_check *fleet_check(struct fleet *fleet, uint32_t check, const char *name,
	const struct probe_ops *ops, const void *conf);

/* A check as it is written in a rule, "tcp/443". */
struct plan_check *fleet_check_text(
	struct fleet *fleet, uint32_t check, const char *text);

/* tcp/PORT */
struct plan_check *fleet_check_port(struct fleet *fleet, uint32_t check, uint16_t port);

/* A second address for the host, after which it has two. */
void fleet_second_address(struct fleet *fleet, uint32_t host, const char *text);

/* One engine, one engine_run() of all flows. Returns what it does. */
int fleet_run(struct fleet *fleet);

struct flow_result *fleet_result(struct fleet *fleet, uint32_t host, uint32_t check);

void fleet_fini(struct fleet *fleet);

#endif
