/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/notice_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/size.h"
#include "tests/support/report_sample.h"

/* Of a program that knew no life of incidents; one may still wait in an outbox. */
#define REGRESSION                                                                      \
	"{\"type\":\"incident\",\"scan\":12,\"id\":1,\"summary\":\"tcp/135 from "       \
	"par-sh-001 to license_servers: open \\u2192 filtered, 2 of 2 hosts\","         \
	"\"changes\":2,\"kind\":\"regression\",\"scope\":{\"kind\":\"check-group\","    \
	"\"check\":\"tcp/135\",\"group\":\"license_servers\",\"from\":\"open\","        \
	"\"to\":\"filtered\",\"checks\":[\"tcp/135\"],\"hosts\":[\"rdls01\","           \
	"\"rdls02\"],\"n_hosts\":2,\"of_hosts\":2,\"unchanged\":[],\"n_unchanged\":0}," \
	"\"trace\":\"its packets get lost behind 10.0.0.1, hop 2\","                    \
	"\"vantage\":\"par-sh-001\",\"time\":\"2026-01-31T23:59:59.123Z\","             \
	"\"rules\":[\"licensing RPC\"],\"groups\":[\"license_servers\"],"               \
	"\"uid\":\"00112233445566778899aabbccddeeff\",\"notice\":41,\"dropped\":3}"

#define RECOVERY                                                                     \
	"{\"type\":\"incident\",\"scan\":13,\"id\":1,\"summary\":\"tcp/135 from "    \
	"par-sh-001 to license_servers: filtered \\u2192 open, 2 of 2 hosts\","      \
	"\"changes\":2,\"kind\":\"recovery\",\"scope\":{\"kind\":\"check-group\","   \
	"\"check\":\"tcp/135\",\"group\":\"license_servers\",\"hosts\":[\"rdls01\"," \
	"\"rdls02\"],\"n_hosts\":2,\"of_hosts\":2},\"vantage\":\"par-sh-001\","      \
	"\"time\":\"2026-02-01T00:04:59.000Z\",\"rules\":[\"licensing RPC\"],"       \
	"\"groups\":[\"license_servers\"],"                                          \
	"\"uid\":\"ffeeddccbbaa99887766554433221100\",\"notice\":42}"

#define OPENED                                                                       \
	"{\"type\":\"incident\",\"scan\":20,\"id\":1,\"summary\":\"tcp/135 from "    \
	"par-sh-001 to license_servers: open \\u2192 filtered, 5 of 7 hosts\","      \
	"\"changes\":5,\"kind\":\"regression\",\"scope\":{\"kind\":\"check-group\"," \
	"\"check\":\"tcp/135\",\"group\":\"license_servers\",\"hosts\":[\"rdls01\"," \
	"\"rdls02\"],\"n_hosts\":5,\"of_hosts\":7},\"vantage\":\"par-sh-001\","      \
	"\"time\":\"2026-02-01T01:00:00.000Z\",\"rules\":[\"licensing RPC\"],"       \
	"\"groups\":[\"license_servers\"],\"status\":\"opened\",\"incident\":{"      \
	"\"uid\":\"0000000000000000000000000000000c\",\"number\":12,"                \
	"\"opened\":\"2026-02-01T01:00:00.000Z\",\"remaining\":5,\"flows\":5},"      \
	"\"uid\":\"10000000000000000000000000000001\",\"notice\":43}"

#define UPDATED                                                                        \
	"{\"type\":\"incident\",\"scan\":21,\"id\":1,\"summary\":\"tcp/135 from "      \
	"par-sh-001 to license_servers: filtered \\u2192 open, 2 of 7 hosts\","        \
	"\"changes\":2,\"kind\":\"recovery\",\"scope\":{\"kind\":\"check-group\","     \
	"\"check\":\"tcp/135\",\"group\":\"license_servers\"},\"vantage\":"            \
	"\"par-sh-001\",\"time\":\"2026-02-01T01:05:00.000Z\",\"status\":\"updated\"," \
	"\"incident\":{\"uid\":\"0000000000000000000000000000000c\",\"number\":12,"    \
	"\"opened\":\"2026-02-01T01:00:00.000Z\",\"remaining\":3,\"flows\":5},"        \
	"\"uid\":\"20000000000000000000000000000002\",\"notice\":44}"

#define CLOSED                                                                        \
	"{\"type\":\"incident\",\"scan\":22,\"id\":1,\"summary\":\"tcp/135 from "     \
	"par-sh-001 to all hosts: filtered \\u2192 open\",\"changes\":9,"             \
	"\"kind\":\"recovery\",\"scope\":{\"kind\":\"check\",\"check\":\"tcp/135\"}," \
	"\"vantage\":\"par-sh-001\",\"time\":\"2026-02-01T01:10:00.000Z\","           \
	"\"status\":\"closed\",\"incidents\":["                                       \
	"{\"uid\":\"0000000000000000000000000000000c\",\"number\":12,"                \
	"\"status\":\"closed\",\"remaining\":0},"                                     \
	"{\"uid\":\"0000000000000000000000000000000e\",\"number\":14,"                \
	"\"status\":\"updated\",\"remaining\":1}],"                                   \
	"\"uid\":\"30000000000000000000000000000003\",\"notice\":45}"

#define TEST                                                               \
	"{\"type\":\"test\",\"summary\":\"this is a test\",\"changes\":0," \
	"\"kind\":\"test\",\"vantage\":\"par-sh-001\","                    \
	"\"time\":\"2026-02-01T00:00:00.000Z\",\"uid\":\"test-1\",\"notice\":0}"

#define EVIL \
	"<!channel> [x](http://evil) \\\"]\\\\ \\u001b[2J\\u202e\\r\\nBcc: a@b & \\u0001"

#define HOSTILE                                                                       \
	"{\"type\":\"incident\",\"scan\":1,\"summary\":\"" EVIL "\",\"kind\":\"" EVIL \
	"\",\"scope\":{\"kind\":\"" EVIL "\",\"check\":\"" EVIL "\",\"host\":\"" EVIL \
	"\",\"hosts\":[\"" EVIL "\",7],\"n_hosts\":\"x\"},\"trace\":\"" EVIL          \
	"\",\"vantage\":\"" EVIL "\",\"time\":\"" EVIL "\",\"rules\":\"" EVIL         \
	"\",\"uid\":\"" EVIL "\",\"status\":\"" EVIL                                  \
	"\",\"incident\":{\"uid\":\"" EVIL "\",\"number\":\"" EVIL                    \
	"\",\"opened\":\"" EVIL "\"}}"

static const char *const samples[] = {REGRESSION, RECOVERY, TEST,
	"{\"type\":\"digest\",\"uid\":\"00112233445566778899aabbccddeeff-2\","
	"\"vantage\":\"par-sh-001\",\"notices\":[" REGRESSION "," RECOVERY "]}",
	OPENED, UPDATED, CLOSED, HOSTILE};

void notice_sample_check(
	const char *name, void (*add)(struct strbuf *out, const json_t *message))
{
	struct strbuf out;

	strbuf_init(&out);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		json_t *message = json_loads(samples[i], 0, NULL);
		assert_non_null(message);
		add(&out, message);
		strbuf_adds(&out, "\n");
		json_decref(message);
	}
	assert_false(out.failed);
	report_sample_check(name, out.text);
	strbuf_fini(&out);
}
