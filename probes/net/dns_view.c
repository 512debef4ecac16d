/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/dns_view.h"

#include <stdlib.h>
#include <string.h>

#include "probes/net/dns_channel.h"

bool dns_reason_is_negative(enum probe_reason reason)
{
	return reason == REASON_NO_DATA || reason == REASON_NXDOMAIN;
}

static int telling(enum probe_reason reason)
{
	if (probe_reason_is_shortage(reason))
		return 9;
	switch (reason) {
	case REASON_NXDOMAIN:
		return 8;
	case REASON_NO_DATA:
		return 7;
	case REASON_REFUSED:
		return 6;
	case REASON_SERVFAIL:
		return 5;
	case REASON_DNS_MALFORMED:
		return 4;
	case REASON_DNS_TIMEOUT:
		return 3;
	default:
		return probe_reason_is_local(reason) ? 2 : 1;
	}
}

enum probe_reason dns_reason_telling(enum probe_reason a, enum probe_reason b)
{
	return telling(b) > telling(a) ? b : a;
}

void dns_view_fini(struct dns_view *view)
{
	free(view->records);
	view->records = NULL;
	view->count = 0;
}

static void take_answer(struct dns_view *out, const struct dns_answer *answer)
{
	size_t size = answer->count * sizeof *answer->records;
	out->answered = true;
	out->rcode = answer->rcode;
	out->reason = dns_answer_reason(answer);
	out->cut = answer->cut;
	if (answer->count == 0)
		return;
	out->records = malloc(size);
	if (!out->records) {
		out->reason = REASON_NO_MEMORY;
		return;
	}
	memcpy(out->records, answer->records, size);
	out->count = answer->count;
}

void dns_view_read(struct dns_view *out, const struct dns_reply *reply,
	const char *name, enum dns_type type)
{
	struct dns_answer answer;
	*out = (struct dns_view){.reason = reply->reason,
		.error = reply->error,
		.elapsed_us = reply->elapsed_us};
	if (reply->reason != REASON_NONE)
		return;
	if (dns_message_parse(reply->bytes, reply->size, name, type, &answer))
		take_answer(out, &answer);
	else
		out->reason = REASON_DNS_MALFORMED;
}

static bool is_answer(const struct dns_view *view)
{
	return view->reason == REASON_RESOLVED || dns_reason_is_negative(view->reason);
}

/* The half whose words stand for both. */
static const struct dns_view *spokesman(
	const struct dns_view *a, const struct dns_view *b)
{
	if (is_answer(a) != is_answer(b))
		return is_answer(a) ? b : a;
	if (!is_answer(a)) {
		bool local = probe_reason_is_local(a->reason);
		if (local != probe_reason_is_local(b->reason))
			return local ? a : b;
		return dns_reason_telling(a->reason, b->reason) == a->reason ? a : b;
	}
	if (a->reason == b->reason)
		return a;
	if (a->reason == REASON_RESOLVED || b->reason == REASON_RESOLVED)
		return a->reason == REASON_RESOLVED ? a : b;
	return a->reason == REASON_NO_DATA ? a : b;
}

/* A's records, then AAAA's: families come in that order, so the whole is sorted. */
static bool join(
	struct dns_view *out, const struct dns_view *a, const struct dns_view *b)
{
	size_t count = a->count + b->count;
	out->cut = a->cut || b->cut || count > DNS_MAX_RECORDS;
	if (count > DNS_MAX_RECORDS)
		count = DNS_MAX_RECORDS;
	if (count == 0)
		return true;
	out->records = malloc(count * sizeof *out->records);
	if (!out->records)
		return false;
	for (size_t i = 0; i < count; i++)
		out->records[i] =
			i < a->count ? a->records[i] : b->records[i - a->count];
	out->count = count;
	return true;
}

void dns_view_merge(struct dns_view *out, struct dns_view *a, struct dns_view *b)
{
	*out = *spokesman(a, b);
	out->records = NULL;
	out->count = 0;
	if (b->elapsed_us > out->elapsed_us)
		out->elapsed_us = b->elapsed_us;
	if (a->elapsed_us > out->elapsed_us)
		out->elapsed_us = a->elapsed_us;
	if (!join(out, a, b))
		out->reason = REASON_NO_MEMORY;
	dns_view_fini(a);
	dns_view_fini(b);
}
