/* SPDX-License-Identifier: Apache-2.0 */
/* The legs of a flow, one an address, folded into one result. Pure. A leg without an
 * address (family 0) is that of a check which asks about the host. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "daemon/engine/results.h"

/* The numbers that are the same whatever the states are. */
static void fold_numbers(
	const struct flow_address *legs, uint32_t count, struct flow_result *out)
{
	for (uint32_t i = 0; i < count; i++) {
		unsigned parts = observation_parts(legs[i].state, legs[i].reason);

		if (legs[i].attempts > out->attempts)
			out->attempts = legs[i].attempts;
		if (legs[i].rtt_us > out->rtt_us)
			out->rtt_us = legs[i].rtt_us;
		if (i < 32 && legs[i].address.family &&
			parts & (PARTS_ACCEPT | PARTS_CLOSED))
			out->clear |= UINT32_C(1) << i;
	}
}

static bool same_states(const struct flow_address *legs, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (legs[i].state != legs[0].state)
			return false;
	return true;
}

/* Where listeners come and go, whether a part accepts is not kept: an interval of the
 * store may outlast it. */
static uint8_t without_listeners(uint8_t reason)
{
	switch (reason) {
	case REASON_NO_PORT_ACCEPTS:
		return REASON_SOME_BLOCKED;
	case REASON_NO_ADDRESS_ACCEPTS:
		return REASON_NOT_ALL_ADDRESSES;
	default:
		return reason;
	}
}

/* Why addresses that differ, none of them `error`, are `partial`. */
static enum probe_reason differ(const struct flow_address *legs, uint32_t count)
{
	unsigned parts = 0;
	bool is_known = true;

	for (uint32_t i = 0; i < count; i++) {
		unsigned of_leg = observation_parts(legs[i].state, legs[i].reason);
		parts |= of_leg;
		is_known = is_known && of_leg;
	}
	if (!is_known)
		return REASON_NOT_ALL_ADDRESSES;
	if (!(parts & PARTS_BLOCKED))
		return REASON_ADDRESSES_DIFFER_CLEAR;
	if (parts == PARTS_BLOCKED)
		return REASON_ADDRESSES_DIFFER_BLOCKED;
	return parts & PARTS_ACCEPT ? REASON_NOT_ALL_ADDRESSES
				    : REASON_NO_ADDRESS_ACCEPTS;
}

/* Partial legs that are equal but for their reason: the one with most parts speaks. */
static uint8_t widest_reason(const struct flow_address *legs, uint32_t count)
{
	const struct flow_address *widest = &legs[0];

	for (uint32_t i = 1; i < count; i++)
		if (observation_parts(legs[i].state, legs[i].reason) & PARTS_ACCEPT &&
			!(observation_parts(widest->state, widest->reason) &
				PARTS_ACCEPT))
			widest = &legs[i];
	return widest->reason;
}

static void fold_state(const struct flow_address *legs, uint32_t count, bool by_path,
	struct flow_result *out)
{
	const struct flow_address *speaker = &legs[0];

	for (uint32_t i = 0; i < count && speaker->state != STATE_ERROR; i++)
		if (legs[i].state == STATE_ERROR)
			speaker = &legs[i];
	out->state = speaker->state;
	out->reason = speaker->reason;
	out->phase = speaker->phase;
	if (speaker->state != STATE_ERROR && !same_states(legs, count)) {
		out->state = STATE_PARTIAL;
		out->reason = (uint8_t)differ(legs, count);
	} else if (out->state == STATE_PARTIAL) {
		out->reason = widest_reason(legs, count);
	}
	if (by_path)
		out->reason = without_listeners(out->reason);
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_legs(
	const struct flow_address *legs, char *const *identities, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (!same_text(identities[i], identities[0]))
			return false;
	return same_states(legs, count);
}

/* Leaves of a sweep's identity what its path is about: the runs and how many ports let
 * packets through, of a partial one alone. */
static void forget_listeners(uint8_t state, char **identity)
{
	char *end = *identity ? strstr(*identity, "; ") : NULL;

	if (state != STATE_PARTIAL) {
		free(*identity);
		*identity = NULL;
		return;
	}
	end = end ? strstr(end + 2, "; ") : NULL;
	if (end)
		*end = '\0';
}

/* One leg as a word of the identity. */
struct facet {
	uint8_t family;
	const char *state, *identity;
};

static int compare_facets(const void *left, const void *right)
{
	const struct facet *a = left, *b = right;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	int order = strcmp(a->state, b->state);
	if (order != 0)
		return order;
	return strcmp(a->identity ? a->identity : "", b->identity ? b->identity : "");
}

/* The sorted facets of one family. Counts are told only where they are needed: one more
 * address that answers like the others is no other observation. */
static void add_family(struct strbuf *text, const struct facet *facets, uint32_t count)
{
	bool mixed = compare_facets(&facets[0], &facets[count - 1]) != 0;

	strbuf_addf(text, "%sv%u", text->length ? ", " : "", facets[0].family);
	for (uint32_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count; next++)
			if (compare_facets(&facets[i], &facets[next]) != 0)
				break;
		if (mixed)
			strbuf_addf(text, " %u", (unsigned)(next - i));
		strbuf_addf(text, " %s", facets[i].state);
		if (facets[i].identity)
			strbuf_addf(text, " (%s)", facets[i].identity);
	}
}

static const char *facet_word(uint8_t state, bool by_path)
{
	if (by_path && (state == STATE_OPEN || state == STATE_CLOSED))
		return probe_path_word(PATH_CLEAR);
	return probe_state_word(state);
}

/* "v4 filtered, v6 open"; "v4 1 filtered 2 open". Never names an address, since a host
 * that is renumbered is the same host. NULL without memory. */
static char *identity_by_family(const struct flow_address *legs,
	char *const *identities, uint32_t count, bool by_path)
{
	struct facet *facets = calloc(count, sizeof *facets);
	struct strbuf text;

	if (!facets)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		facets[i] = (struct facet){legs[i].address.family,
			facet_word(legs[i].state, by_path), identities[i]};
	qsort(facets, count, sizeof *facets, compare_facets);
	strbuf_init(&text);
	for (uint32_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count; next++)
			if (facets[next].family != facets[i].family)
				break;
		add_family(&text, &facets[i], next - i);
	}
	free(facets);
	return strbuf_take(&text);
}

static int fold_one(struct flow_address *leg, char **identity, struct flow_result *out)
{
	if (!leg->evidence && !*identity)
		return 0;
	out->detail = calloc(1, sizeof *out->detail);
	if (!out->detail)
		return -ENOMEM;
	out->detail->evidence = leg->evidence;
	out->detail->identity = *identity;
	leg->evidence = NULL;
	*identity = NULL;
	return 0;
}

static int fold_many(struct flow_address *legs, char **identities, uint32_t count,
	bool by_path, struct flow_result *out)
{
	struct flow_detail *detail = calloc(1, sizeof *detail);

	if (!detail)
		return -ENOMEM;
	if (same_legs(legs, identities, count)) {
		detail->identity = identities[0];
		identities[0] = NULL;
	} else if (out->state != STATE_ERROR) {
		detail->identity = identity_by_family(legs, identities, count, by_path);
		if (!detail->identity) {
			free(detail);
			return -ENOMEM;
		}
	}
	detail->n_addresses = count;
	detail->addresses = legs;
	out->detail = detail;
	return 0;
}

static void free_legs(struct flow_address *legs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		free(legs[i].evidence);
		legs[i].evidence = NULL;
	}
	if (count > 1)
		free(legs);
}

int results_fold(struct flow_address *legs, char **identities, uint32_t count,
	bool by_path, struct flow_result *out)
{
	int rc;

	assert(count > 0);
	*out = (struct flow_result){0};
	fold_numbers(legs, count, out);
	fold_state(legs, count, by_path, out);
	for (uint32_t i = 0; by_path && i < count; i++)
		forget_listeners(legs[i].state, &identities[i]);
	rc = count == 1 ? fold_one(legs, identities, out)
			: fold_many(legs, identities, count, by_path, out);
	if (rc < 0) {
		free_legs(legs, count);
		*out = (struct flow_result){
			.state = STATE_ERROR, .reason = REASON_NO_MEMORY};
	}
	for (uint32_t i = 0; i < count; i++) {
		free(identities[i]);
		identities[i] = NULL;
	}
	return rc;
}
