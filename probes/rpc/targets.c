/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "probes/rpc/run.h"

static int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static int compare_interfaces(const struct uuid_syntax *a, const struct uuid_syntax *b)
{
	int order = memcmp(a->uuid.bytes, b->uuid.bytes, sizeof a->uuid.bytes);

	if (order == 0)
		order = compare_numbers(a->major, b->major);
	return order ? order : compare_numbers(a->minor, b->minor);
}

static int by_port(const void *left, const void *right)
{
	const struct rpc_target *a = left, *b = right;
	int order = compare_numbers(a->port, b->port);

	return order ? order : compare_interfaces(&a->interface, &b->interface);
}

/* There is no room for another: of all of them the last one in order has to go. */
static void replace_last(struct rpc_run *rpc, const struct rpc_target *target)
{
	struct rpc_target *last = rpc->targets;

	rpc->cut = REASON_TOO_MANY_ENDPOINTS;
	for (uint32_t i = 1; i < rpc->n_targets; i++)
		if (by_port(&rpc->targets[i], last) > 0)
			last = &rpc->targets[i];
	if (by_port(target, last) < 0)
		*last = *target;
}

int rpc_targets_add(struct rpc_run *rpc, const struct uuid_syntax *interface,
	uint16_t port, uint32_t most)
{
	struct rpc_target target = {.interface = *interface, .port = port};

	for (uint32_t i = 0; i < rpc->n_targets; i++)
		if (by_port(&rpc->targets[i], &target) == 0)
			return 0;
	if (rpc->n_targets >= most) {
		replace_last(rpc, &target);
		return 0;
	}
	struct rpc_target *grown = array_grow(
		rpc->targets, &rpc->targets_room, rpc->n_targets, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	rpc->targets = grown;
	grown[rpc->n_targets++] = target;
	return 0;
}

void rpc_targets_sort(struct rpc_target *targets, uint32_t count)
{
	if (count > 0)
		qsort(targets, count, sizeof *targets, by_port);
}

/* How bad a state is. */
static int rank(enum probe_state state)
{
	switch (state) {
	case STATE_CLOSED:
		return 1;
	case STATE_FAILED:
		return 2;
	case STATE_FILTERED:
		return 3;
	case STATE_UNREACHABLE:
		return 4;
	case STATE_PROHIBITED:
		return 5;
	case STATE_ERROR:
		return 6;
	default:
		return 0;
	}
}

static bool is_worse(const struct rpc_target *a, const struct rpc_target *b)
{
	int difference = rank(a->state) - rank(b->state);

	return difference > 0 || (difference == 0 && a->reason < b->reason);
}

static const struct rpc_target *worst_of(
	const struct rpc_target *targets, uint32_t count)
{
	const struct rpc_target *worst = targets;

	for (uint32_t i = 1; i < count; i++)
		if (is_worse(&targets[i], worst))
			worst = &targets[i];
	return worst;
}

const struct rpc_target *rpc_targets_best(
	const struct rpc_target *targets, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (targets[i].state == STATE_OPEN)
			return &targets[i];
	return worst_of(targets, count);
}

struct rpc_verdict rpc_targets_verdict(
	const struct rpc_target *targets, uint32_t count, enum probe_reason cut)
{
	const struct rpc_target *worst = worst_of(targets, count);
	bool is_any_open = rpc_targets_best(targets, count)->state == STATE_OPEN;
	struct rpc_verdict verdict = {
		.state = worst->state,
		.reason = worst->reason,
		.phase = worst->phase,
		.target = worst,
	};

	if (cut && worst->state == STATE_OPEN) {
		verdict.state = STATE_ERROR;
		verdict.reason = cut;
	}
	if (!is_any_open || worst->state == STATE_OPEN || worst->state == STATE_ERROR)
		return verdict;
	/* Which of those that fail are among them would depend on chance. */
	verdict.is_mixed = !cut;
	if (probe_state_path(worst->state) == PATH_BLOCKED) {
		verdict.state = STATE_PARTIAL;
		verdict.reason = REASON_SOME_INTERFACES;
	} else {
		verdict.state = STATE_FAILED;
	}
	return verdict;
}

/* By interface, then by what came of it. */
static int by_interface(const void *left, const void *right)
{
	const struct rpc_target *a = left, *b = right;
	int order = compare_interfaces(&a->interface, &b->interface);

	return order ? order : compare_numbers(a->reason, b->reason);
}

static char *write_identity(const struct rpc_target *failed, uint32_t count)
{
	struct strbuf text;
	char uuid[UUID_SYNTAX_TEXT];

	strbuf_init(&text);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && by_interface(&failed[i - 1], &failed[i]) == 0)
			continue;
		strbuf_addf(&text, "%s%s %s", i ? ", " : "",
			uuid_syntax_format(&failed[i].interface, uuid),
			probe_reason_word(failed[i].reason));
	}
	return strbuf_take(&text);
}

char *rpc_targets_identity(const struct rpc_target *targets, uint32_t count)
{
	struct rpc_target *failed = calloc(count + 1U, sizeof *failed);
	uint32_t n_failed = 0;

	if (!failed)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		if (targets[i].state != STATE_OPEN)
			failed[n_failed++] = targets[i];
	qsort(failed, n_failed, sizeof *failed, by_interface);
	char *identity = write_identity(failed, n_failed);
	free(failed);
	return identity;
}
