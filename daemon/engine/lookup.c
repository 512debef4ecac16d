/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses, once a pass, ahead of the probes that need them. */
#include <stdlib.h>

#include "daemon/engine/pass.h"

struct lookup {
	struct pass *pass;
	struct pass_host *host;
};

static bool asks_an_address(const struct pass *pass, uint32_t flow)
{
	return !(pass_check(pass, flow)->ops->flags & PROBE_PER_HOST);
}

bool lookup_is_needed(const struct pass *pass, const struct pass_host *host)
{
	if (!pass->plan->hosts[host->host].dial_name)
		return false;
	for (uint32_t i = host->next; i < host->end; i++)
		if (asks_an_address(pass, pass_flow(pass, i)))
			return true;
	return false;
}

/* The host has no address: every flow that needs one is settled here and now, and the
 * others go their way. */
static void give_up(struct pass *pass, struct pass_host *host, enum probe_state state,
	enum probe_reason reason)
{
	host->undialable = true;
	for (uint32_t i = host->next; i < host->end; i++) {
		uint32_t flow = pass_flow(pass, i);
		if (asks_an_address(pass, flow))
			pass_settle(pass, flow, state, reason, PHASE_RESOLVE);
	}
}

static void apply(struct pass *pass, struct pass_host *host,
	const struct resolver_addresses *answer)
{
	bool open = answer->state == STATE_OPEN && answer->count > 0;

	if (results_set_addresses(pass->results, host->host, answer->items,
		    open ? answer->count : 0) < 0)
		give_up(pass, host, STATE_ERROR, REASON_NO_MEMORY);
	else if (answer->state == STATE_OPEN && !open)
		give_up(pass, host, STATE_UNRESOLVED, REASON_NO_DATA);
	else if (!open)
		give_up(pass, host, answer->state, answer->reason);
	pass->results->hosts[host->host].by_server = answer->by_server;
}

static void on_answer(void *data, const struct resolver_addresses *answer)
{
	struct lookup *lookup = data;
	struct pass *pass = lookup->pass;
	struct pass_host *host = lookup->host;

	free(lookup);
	pass->lookups--;
	if (pass->cancelled)
		return; /* its flows are settled */
	tell_lookup(pass, host, answer);
	apply(pass, host, answer);
	dispatch_host(pass, host);
	if (host->queued) {
		host->fresh = true;
		pass->fresh++;
	}
}

void lookup_spare(struct pass *pass, struct pass_host *host)
{
	if (!pass->plan->hosts[host->host].dial_name &&
		pass->results->hosts[host->host].count == 0)
		give_up(pass, host, STATE_UNRESOLVED, REASON_NO_DATA);
	dispatch_host(pass, host);
}

void lookup_start(struct pass *pass, struct pass_host *host)
{
	const char *name = pass->plan->hosts[host->host].dial_name;
	struct lookup *lookup = malloc(sizeof *lookup);

	if (lookup) {
		*lookup = (struct lookup){pass, host};
		pass->lookups++;
		if (resolver_lookup(pass->resolver, name, on_answer, lookup) == 0)
			return;
		pass->lookups--;
		free(lookup);
	}
	give_up(pass, host, STATE_ERROR, REASON_NO_MEMORY);
	dispatch_host(pass, host);
}
