/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/carry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/size.h"
#include "config/document.h"

/* ---- which flows are asked ------------------------------------------------------- */

static bool is_due(const struct plan *plan, const bool *rules, uint32_t flow)
{
	const struct plan_rule_set *askers = &plan->rule_sets[plan->flows[flow].askers];

	for (uint32_t i = 0; i < askers->count; i++)
		if (rules[askers->rules[i]])
			return true;
	return plan->flows[flow].vital;
}

/* Whether the last scan saw a flow on that path that can prove that packets reach its
 * host: not what a name server says, nor what takes long. */
static bool is_proof(const struct plan *plan, const struct earlier *earlier,
	uint32_t flow, enum probe_path path)
{
	const struct snapshot_flow *then = earlier_flow(earlier, flow);
	unsigned flags = plan->checks[plan->flows[flow].check].ops->flags;

	return then && then->gap_reason == REASON_NONE &&
	       observation_path((enum probe_state)then->state,
		       (enum probe_reason)then->reason) == path &&
	       !(flags & (PROBE_PACED | PROBE_PER_HOST));
}

/* What must be asked beside the flows that are due, so that silence which the last scan
 * could prove is proved again: one flow that is clear on all addresses, or else all
 * that are on some. */
struct proofs {
	bool needed;
	uint32_t clear; /* one such flow, or UINT32_MAX */
};

static struct proofs find_proofs(const struct plan *plan, const struct earlier *earlier,
	const bool *rules, uint32_t first, uint32_t end)
{
	struct proofs proofs = {false, UINT32_MAX};

	for (uint32_t i = first; i < end; i++)
		proofs.needed |= plan->flows[i].expect == EXPECT_BLOCKED &&
				 is_due(plan, rules, i);
	for (uint32_t i = first; i < end && proofs.needed; i++) {
		if (!is_proof(plan, earlier, i, PATH_CLEAR))
			continue;
		proofs.clear = i;
		proofs.needed = !is_due(plan, rules, i);
	}
	return proofs;
}

static void select_host(const struct plan *plan, const struct earlier *earlier,
	const bool *rules, uint32_t host, uint32_t *flows, size_t *count)
{
	uint32_t first = plan->hosts[host].first_flow;
	uint32_t end = first + plan->hosts[host].n_flows;
	struct proofs proofs = find_proofs(plan, earlier, rules, first, end);

	for (uint32_t i = first; i < end; i++) {
		bool proves = proofs.needed &&
			      (proofs.clear == UINT32_MAX
					      ? is_proof(plan, earlier, i, PATH_PARTIAL)
					      : i == proofs.clear);
		if (proves || is_due(plan, rules, i))
			flows[(*count)++] = i;
	}
}

int carry_select(const struct plan *plan, const struct earlier *earlier,
	const bool *rules, uint32_t **flows, size_t *count)
{
	*count = 0;
	*flows = calloc(plan->n_flows + 1U, sizeof **flows);
	if (!*flows)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_hosts; i++)
		select_host(plan, earlier, rules, i, *flows, count);
	return 0;
}

/* ---- what the others are --------------------------------------------------------- */

/* An identity is part of what may differ. */
static int carry_identity(const char *identity, struct flow_result *result)
{
	if (!*identity)
		return 0;
	result->detail = calloc(1, sizeof *result->detail);
	if (!result->detail)
		return -ENOMEM;
	result->detail->identity = strdup(identity);
	return result->detail->identity ? 0 : -ENOMEM;
}

static int carry_flow(const struct snapshot *frame, const struct earlier *earlier,
	uint32_t flow, struct results *results)
{
	const struct snapshot_flow *then = earlier_flow(earlier, flow);
	struct flow_result *result = &results->flows[flow];

	results->carried[flow] = CARRIED;
	result->reason = REASON_NOT_DUE;
	/* A store that was written before questions were kept knows of none. */
	if (!then || then->state == STATE_NONE || then->gap_reason == REASON_NOT_DUE ||
		(then->question && then->question != frame->flows[flow].question))
		return 0;
	if (then->gap_reason != REASON_NONE) {
		result->state = STATE_ERROR;
		result->reason = then->gap_reason;
		return 0;
	}
	if (then->proved)
		results->carried[flow] = CARRIED_PROVED;
	result->state = then->state;
	/* Which says of which parts it is made. */
	if (result->state == STATE_PARTIAL)
		result->reason = then->reason;
	return carry_identity(earlier->snapshot.texts.texts[then->identity], result);
}

int carry_forward(const struct snapshot *frame, const struct earlier *earlier,
	const uint32_t *flows, size_t count, struct results *results)
{
	size_t at = 0;
	int rc = 0;

	results->carried = calloc(frame->n_flows + 1U, sizeof *results->carried);
	if (!results->carried)
		return -ENOMEM;
	for (uint32_t i = 0; i < frame->n_flows && rc == 0; i++) {
		if (at < count && flows[at] == i)
			at++;
		else
			rc = carry_flow(frame, earlier, i, results);
	}
	return rc;
}

/* ---- the question ---------------------------------------------------------------- */

static uint64_t mix_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = intern_mix(hash ^ (unsigned char)*text);
	return intern_mix(hash + 1);
}

/* Keys that say what is to be made of the answer. */
static bool is_judgement(const char *key)
{
	static const char *const keys[] = {"check", "expect", "accept", "control"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

/* Documents are at most CONF_MAX_DEPTH deep. */
static uint64_t mix_node(uint64_t hash, const struct conf_node *node)
{
	if (node->kind == CONF_SCALAR)
		return mix_text(hash, node->text);
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == CONF_SEQUENCE) {
			hash = mix_node(intern_mix(hash + i + 1), node->items[i]);
		} else if (!is_judgement(node->pairs[i].key->text)) {
			hash = mix_text(hash, node->pairs[i].key->text);
			hash = mix_node(hash, node->pairs[i].value);
		}
	}
	return hash;
}

uint64_t carry_question_of_check(const struct plan_check *check)
{
	uint64_t hash = intern_mix((uint64_t)check->timeout_ms << 32 | check->attempts);

	return check->options ? mix_node(hash, check->options) : hash;
}

uint64_t carry_question_of_host(const struct plan_host *host)
{
	uint64_t hash = mix_text(host->n_addresses, host->dial_name);

	for (uint32_t i = 0; i < host->n_addresses; i++) {
		uint64_t words[2];
		memcpy(words, host->addresses[i].bytes, sizeof words);
		hash = intern_mix(hash ^ words[0]);
		hash = intern_mix(hash ^ words[1]);
	}
	return hash;
}

uint32_t carry_question(uint64_t of_check, uint64_t of_host)
{
	uint32_t hash = (uint32_t)intern_mix(of_check + intern_mix(of_host));

	return hash ? hash : 1;
}
