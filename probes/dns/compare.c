/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/dns/compare.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

static struct dns_verdict verdict(enum probe_state state, enum probe_reason reason)
{
	return (struct dns_verdict){state, reason};
}

static bool same_records(const struct dns_view *a, const struct dns_view *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (dns_record_compare(&a->records[i], &b->records[i]) != 0)
			return false;
	return true;
}

/* What the servers said, counted. */
struct tally {
	size_t good;    /* gave what was hoped for */
	size_t other;   /* PTR: gave other names */
	size_t none;    /* answered that there is none */
	size_t failing; /* failed, or stayed silent */
	bool differ;    /* two that resolve differ */
	enum probe_reason local, telling;
};

static void count_failure(struct tally *tally, enum probe_reason reason)
{
	if (probe_reason_is_local(reason)) {
		tally->local = tally->local ? dns_reason_telling(tally->local, reason)
					    : reason;
		return;
	}
	tally->telling = dns_reason_telling(tally->telling, reason);
	if (dns_reason_is_negative(reason))
		tally->none++;
	else
		tally->failing++;
}

/* Rules 1 to 5 of the header. */
static struct dns_verdict judge(const struct tally *tally)
{
	if (tally->differ || (tally->good && (tally->none || tally->other)))
		return verdict(STATE_FAILED, REASON_DNS_DISAGREE);
	if (tally->local)
		return verdict(STATE_ERROR, tally->local);
	if (tally->other)
		return verdict(STATE_FAILED, REASON_PTR_MISMATCH);
	if (!tally->good || tally->failing)
		return verdict(STATE_UNRESOLVED, tally->telling);
	return verdict(STATE_OPEN, REASON_RESOLVED);
}

struct dns_verdict dns_compare(const struct dns_view *views, size_t n_views)
{
	struct tally tally = {.good = 0};
	const struct dns_view *first = NULL;
	assert(n_views > 0);
	for (size_t i = 0; i < n_views; i++) {
		if (views[i].reason != REASON_RESOLVED) {
			count_failure(&tally, views[i].reason);
			continue;
		}
		tally.good++;
		if (!first)
			first = &views[i];
		tally.differ = tally.differ || !same_records(first, &views[i]);
	}
	return judge(&tally);
}

static int compare_addresses(const void *a, const void *b)
{
	return net_address_compare(a, b);
}

static bool same_as_declared(const struct dns_view *view,
	const struct net_address *declared, size_t n_declared)
{
	struct net_address sorted[DNS_MAX_RECORDS] = {{.family = 0}};
	size_t n = n_declared < DNS_MAX_RECORDS ? n_declared : DNS_MAX_RECORDS,
	       kept = 0;
	for (size_t i = 0; i < n; i++) {
		sorted[i] = declared[i];
		sorted[i].scope = 0;
	}
	qsort(sorted, n, sizeof sorted[0], compare_addresses);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || net_address_compare(&sorted[i], &sorted[kept - 1]) != 0)
			sorted[kept++] = sorted[i];
	if (kept != view->count)
		return false;
	for (size_t i = 0; i < kept; i++)
		if (net_address_compare(&sorted[i], &view->records[i].address) != 0)
			return false;
	return true;
}

struct dns_verdict dns_compare_declared(const struct dns_view *views, size_t n_views,
	const struct net_address *declared, size_t n_declared)
{
	struct dns_verdict found = dns_compare(views, n_views);
	if (found.state == STATE_OPEN && n_declared > 0 &&
		!same_as_declared(&views[0], declared, n_declared))
		return verdict(STATE_FAILED, REASON_DNS_MISMATCH);
	return found;
}

static bool names_host(const struct dns_view *view, const char *host)
{
	for (size_t i = 0; i < view->count; i++)
		if (dns_name_is_host(view->records[i].name, host))
			return true;
	return false;
}

struct dns_verdict dns_compare_ptr(
	const struct dns_view *views, size_t n_views, const char *host)
{
	struct tally tally = {.good = 0};
	assert(n_views > 0);
	for (size_t i = 0; i < n_views; i++) {
		if (views[i].reason != REASON_RESOLVED)
			count_failure(&tally, views[i].reason);
		else if (names_host(&views[i], host))
			tally.good++;
		else
			tally.other++;
	}
	return judge(&tally);
}

/* Which of two verdicts stands for both. */
static int weight(struct dns_verdict found)
{
	switch (found.state) {
	case STATE_FAILED:
		return found.reason == REASON_DNS_DISAGREE ? 4 : 3;
	case STATE_ERROR:
		return 2;
	case STATE_UNRESOLVED:
		return 1;
	default:
		return 0;
	}
}

static struct dns_verdict heavier(struct dns_verdict a, struct dns_verdict b)
{
	if (a.state == b.state && weight(a) <= 2)
		return verdict(a.state, dns_reason_telling(a.reason, b.reason));
	return weight(b) > weight(a) ? b : a;
}

struct dns_verdict dns_verdict_join(const struct dns_verdict *verdicts, size_t n)
{
	struct dns_verdict all = verdicts[0];
	bool named = false, nameless = false;
	assert(n > 0);
	for (size_t i = 0; i < n; i++) {
		named = named || verdicts[i].state == STATE_OPEN;
		nameless = nameless || dns_reason_is_negative(verdicts[i].reason);
		all = heavier(all, verdicts[i]);
	}
	if (named && nameless && all.state != STATE_FAILED)
		return verdict(STATE_FAILED, REASON_PTR_MISMATCH);
	return all;
}
