/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a DNS server may send. The question is taken from the message itself, as
 * c-ares lets nothing else through, so that the input reaches the records.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "probes/dns/compare.h"
#include "probes/net/dns_channel.h"
#include "probes/net/dns_name.h"
#include "probes/net/dns_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct dns_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		if (view->count > DNS_MAX_RECORDS)
			abort();
		if (i > 0 && dns_record_compare(
				     &view->records[i - 1], &view->records[i]) >= 0)
			abort();
	}
	if (view->reason == REASON_RESOLVED && view->count == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {
		DNS_TYPE_A, DNS_TYPE_AAAA, DNS_TYPE_PTR, DNS_TYPE_SRV};
	struct dns_reply reply = {.bytes = data, .size = size};
	struct dns_view views[4], both;
	struct cursor cursor;
	char name[DNS_NAME_TEXT];

	cursor_init(&cursor, data, size);
	cursor_skip(&cursor, 12);
	dns_name_read(&cursor, name);
	for (size_t i = 0; i < 4; i++) {
		dns_view_read(&views[i], &reply, name, types[i]);
		check(&views[i]);
	}
	dns_compare_ptr(views, 4, name);
	dns_compare(views, 4);
	dns_view_merge(&both, &views[0], &views[1]);
	check(&both);
	for (size_t i = 0; i < 4; i++)
		dns_view_fini(&views[i]);
	dns_view_fini(&both);
	return 0;
}
