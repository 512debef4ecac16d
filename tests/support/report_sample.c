/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/report_sample.h"
#include "daemon/analyze/incident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* 2026-01-31T23:59:59.250Z */
#define TIME_US INT64_C(1769903999250000)
#define HOUR_US INT64_C(3600000000)

#define ICMP                                                          \
	"{\"icmp\":{\"type\":3,\"code\":13,\"sender\":\"10.0.0.1\"}," \
	"\"errno\":\"EHOSTUNREACH\"}"
#define RUNS                                                         \
	"{\"ports\":{\"closed\":512,\"open\":8,\"filtered\":15864}," \
	"\"runs\":[[49152,49663,\"closed\"],[49664,49671,\"open\"]," \
	"[49672,65535,\"filtered\"]]}"
#define SERVERS                                                           \
	"{\"name\":\"rdls02.corp.example\",\"servers\":["                 \
	"{\"server\":\"10.0.0.53:53\",\"reason\":\"resolved\",\"rcode\":" \
	"\"NOERROR\",\"addresses\":[\"10.20.0.12\"]},"                    \
	"{\"server\":\"10.0.1.53:53\",\"reason\":\"nxdomain\",\"rcode\":" \
	"\"NXDOMAIN\",\"addresses\":[]}],\"declared\":[\"10.20.0.12\"]}"

static const char *const licensing[] = {"licensing RPC"};
static const char *const logon[] = {"session hosts", "from offices"};

struct sample_flow {
	const char *host, *check;
	enum probe_state state;
	enum probe_reason reason;
	enum probe_phase phase;
	enum rule_expect expect;
	enum verdict verdict;
	uint32_t attempts, rtt_us;
	const char *address, *evidence, *held_by;
};

#define OPEN(host, check, address)                                                   \
	{                                                                            \
		host, check, STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT, EXPECT_OPEN, \
			VERDICT_PASS, 1, 532, address, NULL, NULL                    \
	}

static const struct sample_flow flows[] = {
	{"rdls01.corp.example", "dns", STATE_OPEN, REASON_RESOLVED, PHASE_DNS,
		EXPECT_OPEN, VERDICT_PASS, 1, 801, NULL, NULL, NULL},
	{"rdls01.corp.example", "tcp/135", STATE_FILTERED, REASON_TIMEOUT,
		PHASE_CONNECT, EXPECT_OPEN, VERDICT_FAIL, 3, 0, "10.20.0.11", NULL,
		NULL},
	{"rdls01.corp.example", "tcp/3389", STATE_FILTERED, REASON_TIMEOUT,
		PHASE_CONNECT, EXPECT_BLOCKED, VERDICT_PASS, 3, 0, "10.20.0.11", NULL,
		NULL},
	{"rdls01.corp.example", "sweep/49152-65535", STATE_PARTIAL, REASON_SOME_BLOCKED,
		PHASE_SWEEP, EXPECT_CLEAR, VERDICT_FAIL, 32249, 0, "10.20.0.11", RUNS,
		NULL},
	{"rdls02.corp.example", "dns", STATE_FAILED, REASON_DNS_DISAGREE, PHASE_DNS,
		EXPECT_OPEN, VERDICT_FAIL, 1, 911, NULL, SERVERS, NULL},
	{"rdls02.corp.example", "tcp/135", STATE_FILTERED, REASON_TIMEOUT,
		PHASE_CONNECT, EXPECT_OPEN, VERDICT_FAIL, 3, 0, "10.20.0.12", NULL,
		NULL},
	{"rdls02.corp.example", "tcp/3389", STATE_OPEN, REASON_SYN_ACK, PHASE_CONNECT,
		EXPECT_BLOCKED, VERDICT_FAIL, 1, 498, "10.20.0.12", NULL, NULL},
	{"rdls02.corp.example", "sweep/49152-65535", STATE_CLOSED, REASON_ALL_CLEAR,
		PHASE_SWEEP, EXPECT_CLEAR, VERDICT_PASS, 16384, 0, "10.20.0.12", NULL,
		NULL},
	OPEN("rdsh001.corp.example", "dns", NULL),
	OPEN("rdsh001.corp.example", "tcp/3389", "10.30.1.1"),
	OPEN("rdsh002.corp.example", "dns", NULL),
	OPEN("rdsh002.corp.example", "tcp/3389", "10.30.1.2"),
	OPEN("rdsh003.corp.example", "dns", NULL),
	{"rdsh003.corp.example", "tcp/3389", STATE_PROHIBITED,
		REASON_ICMP_ADMIN_PROHIBITED, PHASE_CONNECT, EXPECT_OPEN, VERDICT_FAIL,
		1, 0, "10.30.1.3", ICMP, NULL},
	OPEN("rdsh004.corp.example", "dns", NULL),
	{"rdsh004.corp.example", "tcp/3389", STATE_CLOSED, REASON_RST, PHASE_CONNECT,
		EXPECT_OPEN, VERDICT_PASS, 1, 611, "10.30.1.4", NULL, "require 3 of 4"},
	{"rdsh005.corp.example", "dns", STATE_UNRESOLVED, REASON_NXDOMAIN, PHASE_DNS,
		EXPECT_OPEN, VERDICT_INCONCLUSIVE, 1, 0, NULL, NULL, NULL},
	{"rdsh005.corp.example", "tcp/3389", STATE_ERROR, REASON_NO_DESCRIPTOR,
		PHASE_CONNECT, EXPECT_OPEN, VERDICT_INCONCLUSIVE, 1, 0, NULL,
		"{\"errno\":\"EMFILE\"}", NULL},
};

static int feed_result(
	struct report *report, const struct sample_flow *flow, bool status)
{
	struct report_address address = {
		.state = flow->state,
		.reason = flow->reason,
		.rtt_us = flow->rtt_us,
		.evidence = NULL,
	};
	bool server = strncmp(flow->host, "rdls", 4) == 0;
	struct report_result result = {
		.scan = 12,
		.time_us = TIME_US,
		.vantage = "par-sh-001",
		.host = flow->host,
		.check = flow->check,
		.rules = server ? licensing : logon,
		.n_rules = server ? ARRAY_SIZE(licensing) : ARRAY_SIZE(logon),
		.state = flow->state,
		.reason = flow->reason,
		.phase = flow->phase,
		.expect = flow->expect,
		.verdict = flow->verdict,
		.held_by = flow->held_by,
		.attempts = flow->attempts,
		.rtt_us = flow->rtt_us,
		.addresses = &address,
		.evidence = flow->evidence,
	};

	if (flow->address && net_address_parse(flow->address, &address.address))
		result.n_addresses = 1;
	if (status)
		result.since_us =
			TIME_US - (flow->verdict == VERDICT_PASS ? 100 : 1) * HOUR_US;
	return report_result(report, &result);
}

static int feed_results(struct report *report, bool status)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flows) && rc == 0; i++)
		rc = feed_result(report, &flows[i], status);
	return rc;
}

/* ---- changes ----------------------------------------------------------------- */

static const uint32_t in_servers[] = {0};
static const uint32_t in_sessions[] = {1};

static const struct incident_host hosts[] = {
	{"rdls01.corp.example", {4, {10, 20, 0, 11}, 0}, in_servers, 1},
	{"rdls02.corp.example", {4, {10, 20, 0, 12}, 0}, in_servers, 1},
	{"rdsh003.corp.example", {4, {10, 30, 1, 3}, 0}, in_sessions, 1},
	{"rdsh004.corp.example", {4, {10, 30, 1, 4}, 0}, in_sessions, 1},
};
static const char *const checks[] = {"dns", "tcp/135", "tcp/3389"};
static const char *const groups[] = {"license_servers", "session_hosts"};

#define FLOW(host, check, from, to, kind, expect, cause)                               \
	{                                                                              \
		host, check, STATE_##from, STATE_##to, CHANGE_##kind, EXPECT_##expect, \
			REASON_NONE, PHASE_NONE, cause, NULL                           \
	}

static const struct incident_flow scope[] = {
	FLOW(0, 0, OPEN, OPEN, NONE, OPEN, NULL),
	FLOW(0, 1, OPEN, FILTERED, REGRESSION, OPEN, NULL),
	FLOW(0, 2, FILTERED, FILTERED, NONE, BLOCKED, NULL),
	FLOW(1, 0, OPEN, OPEN, NONE, OPEN, NULL),
	FLOW(1, 1, OPEN, FILTERED, REGRESSION, OPEN, NULL),
	FLOW(1, 2, FILTERED, OPEN, EXPOSURE, BLOCKED, NULL),
	FLOW(2, 0, OPEN, OPEN, NONE, OPEN, NULL),
	FLOW(2, 2, OPEN, PROHIBITED, REGRESSION, OPEN, "10.0.0.1"),
	FLOW(3, 0, UNRESOLVED, OPEN, RECOVERY, OPEN, NULL),
	FLOW(3, 2, OPEN, OPEN, NONE, OPEN, NULL),
};

static const struct incident_input input = {
	.vantage = "par-sh-001",
	.hosts = hosts,
	.n_hosts = ARRAY_SIZE(hosts),
	.checks = checks,
	.n_checks = ARRAY_SIZE(checks),
	.groups = groups,
	.n_groups = ARRAY_SIZE(groups),
	.flows = scope,
	.n_flows = ARRAY_SIZE(scope),
};

static const enum probe_reason reasons[] = {REASON_NONE, REASON_TIMEOUT, REASON_NONE,
	REASON_NONE, REASON_TIMEOUT, REASON_SYN_ACK, REASON_NONE,
	REASON_ICMP_ADMIN_PROHIBITED, REASON_RESOLVED, REASON_NONE};

static int feed_change(struct report *report, uint32_t flow, uint32_t incident)
{
	struct report_change change = {
		.scan = 12,
		.since_scan = 11,
		.vantage = "par-sh-001",
		.host = hosts[scope[flow].host].name,
		.check = checks[scope[flow].check],
		.from = (enum probe_state)scope[flow].from,
		.to = (enum probe_state)scope[flow].to,
		.reason = reasons[flow],
		.kind = (enum change_kind)scope[flow].kind,
		.incident = incident,
		.evidence = scope[flow].cause ? ICMP : NULL,
		.expect = EXPECT_OPEN,
	};

	return report_change(report, &change);
}

static int feed_added(struct report *report)
{
	struct report_change change = {
		.scan = 12,
		.since_scan = 11,
		.vantage = "par-sh-001",
		.host = "rdsh005.corp.example",
		.check = "dns",
		.to = STATE_UNRESOLVED,
		.reason = REASON_NXDOMAIN,
		.kind = CHANGE_ADDED,
		.expect = EXPECT_OPEN,
	};
	int rc = report_change(report, &change);

	change.host = "old-broker";
	change.check = "tcp/443";
	change.from = STATE_OPEN;
	change.to = STATE_NONE;
	change.reason = REASON_NONE;
	change.kind = CHANGE_REMOVED;
	return rc ? rc : report_change(report, &change);
}

static const char sample_trace[] =
	"last answer from 10.1.255.1 at hop 3, 2 hops before the target, then silence";

static int feed_incidents(
	struct report *report, const struct incident *incidents, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < incidents[i].n_flows && rc == 0; j++)
			rc = feed_change(
				report, incidents[i].flows[j], incidents[i].id);
	if (rc == 0)
		rc = feed_added(report);
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct report_incident incident = {
			.scan = 12,
			.incident = &incidents[i],
			.input = &input,
			.trace = i ? NULL : sample_trace,
		};
		rc = report_incident(report, &incident);
	}
	return rc;
}

static int feed_changes(struct report *report)
{
	struct arena arena;
	struct incident *incidents;
	size_t count;
	int rc;

	arena_init(&arena, 0);
	rc = incident_fold(&input, &arena, &incidents, &count);
	if (rc == 0)
		rc = feed_incidents(report, incidents, count);
	arena_fini(&arena);
	return rc;
}

static int feed_summary(struct report *report, const char *command)
{
	bool status = strcmp(command, "status") == 0;
	struct report_summary summary = {
		.scan = 12,
		.command = command,
		.flows = ARRAY_SIZE(flows),
		.pass = 10,
		.fail = 6,
		.inconclusive = 2,
		.changes = status ? 0 : 5,
		.incidents = status ? 0 : 4,
		.duration_us = 812345,
		.before = status ? NULL : "scan 11, 2026-01-31T23:54:59.000Z",
		.after = status ? NULL : "scan 12, 2026-01-31T23:59:59.250Z",
	};

	return report_summary(report, &summary);
}

/* ---- hostile strings --------------------------------------------------------- */

/* Escapes, an end of line, quotes of every format, bytes that are no UTF-8, a DEL, a
 * character that reorders what follows, a formula, a TAP directive, an XML end. */
#define HOSTILE                                                           \
	"=cmd|'/c x'!A0\x1b[31m\r\nok 1 # SKIP \"q\",<a>&]]>\xff\xc0\xaf" \
	"\xe2\x80\xae\xc2\x9b\\e\x7f"

static int feed_hostile(struct report *report)
{
	static const char *const rules[] = {HOSTILE, "@rule"};
	struct report_result result = {
		.time_us = TIME_US,
		.vantage = HOSTILE,
		.host = HOSTILE,
		.check = "-" HOSTILE,
		.rules = rules,
		.n_rules = 2,
		.state = STATE_FILTERED,
		.reason = REASON_TIMEOUT,
		.phase = PHASE_CONNECT,
		.expect = EXPECT_OPEN,
		.verdict = VERDICT_FAIL,
		.attempts = 1,
		.evidence = HOSTILE,
	};
	struct report_change change = {
		.vantage = HOSTILE,
		.host = HOSTILE,
		.check = HOSTILE,
		.from = STATE_OPEN,
		.to = STATE_FILTERED,
		.reason = REASON_TIMEOUT,
		.kind = CHANGE_REGRESSION,
		.evidence = "{\"said\":\"\\u001b[2J\\u202e\"}",
		.expect = EXPECT_OPEN,
	};
	struct report_summary summary = {
		.command = "scan",
		.flows = 2,
		.fail = 1,
		.inconclusive = 1,
		.degraded = true,
		.degraded_reason = HOSTILE,
	};
	int rc = report_result(report, &result);

	result.verdict = VERDICT_INCONCLUSIVE;
	result.evidence = "{\"said\":\"\\u001b[2J\\u202e\"}";
	if (rc == 0)
		rc = report_result(report, &result);
	if (rc == 0)
		rc = report_change(report, &change);
	return rc ? rc : report_summary(report, &summary);
}

/* ---- what is not told -------------------------------------------------------- */

/* Results that pass, fail and neither; one of each mark, and both. */
static int feed_quiet_results(struct report *report)
{
	struct report_result result = {
		.time_us = TIME_US,
		.vantage = "par-sh-001",
		.host = "rdls01.corp.example",
		.check = "tcp/135",
		.state = STATE_OPEN,
		.reason = REASON_SYN_ACK,
		.phase = PHASE_CONNECT,
		.expect = EXPECT_OPEN,
		.verdict = VERDICT_PASS,
		.attempts = 1,
		.flapping = true,
	};
	int rc = report_result(report, &result);

	result.check = "tcp/443";
	result.state = STATE_FILTERED;
	result.reason = REASON_TIMEOUT;
	result.verdict = VERDICT_FAIL;
	result.flapping = false;
	result.silence = 3;
	if (rc == 0)
		rc = report_result(report, &result);
	result.check = "tcp/445";
	result.state = STATE_UNRESOLVED;
	result.reason = REASON_NXDOMAIN;
	result.phase = PHASE_RESOLVE;
	result.verdict = VERDICT_INCONCLUSIVE;
	result.flapping = true;
	return rc ? rc : report_result(report, &result);
}

static int feed_quiet(struct report *report)
{
	const struct incident incident = {.id = 1,
		.summary = "tcp/135 from par-sh-001 to rdls01.corp.example: open",
		.kind = CHANGE_RECOVERY};
	const struct report_incident quiet = {.incident = &incident,
		.input = &input,
		.silenced = true,
		.quiet = true};
	struct report_change change = {
		.vantage = "par-sh-001",
		.host = "rdls01.corp.example",
		.check = "tcp/135",
		.from = STATE_FILTERED,
		.to = STATE_OPEN,
		.reason = REASON_SYN_ACK,
		.kind = CHANGE_RECOVERY,
		.incident = 1,
		.expect = EXPECT_OPEN,
		.silence = 3,
		.flap = FLAP_STARTED,
	};
	int rc = feed_quiet_results(report);

	if (rc == 0)
		rc = report_change(report, &change);
	return rc ? rc : report_incident(report, &quiet);
}

/* ---- feeding ----------------------------------------------------------------- */

int report_sample_feed(struct report *report, const char *command)
{
	bool diff = strcmp(command, "diff") == 0;
	bool status = strcmp(command, "status") == 0;
	int rc = 0;

	if (strcmp(command, "hostile") == 0)
		return feed_hostile(report);
	if (strcmp(command, "quiet") == 0)
		return feed_quiet(report);
	if (!diff)
		rc = feed_results(report, status);
	if (rc == 0 && !status)
		rc = feed_changes(report);
	return rc ? rc : feed_summary(report, command);
}

char *report_sample_text(
	const char *format, const char *command, bool colour, unsigned width)
{
	char *text = NULL;
	size_t size = 0;
	struct report report;
	struct report_options options = {
		.out = open_memstream(&text, &size),
		.colour = colour,
		.width = width,
		.quiet_passes = true,
	};
	const char *begun = strcmp(command, "hostile") == 0 ? "scan"
			    : strcmp(command, "quiet") == 0 ? "diff"
							    : command;

	assert_non_null(options.out);
	assert_int_equal(
		report_begin(&report, report_find(format), &options, begun), 0);
	assert_int_equal(report_sample_feed(&report, command), 0);
	assert_int_equal(report_end(&report), 0);
	assert_int_equal(fclose(options.out), 0);
	return text;
}

/* ---- golden files ------------------------------------------------------------ */

static char *read_whole(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);

	assert_non_null(text);
	if (!file)
		fail_msg("%s is missing; REACHD_UPDATE_GOLDEN=1 writes it", path);
	assert_true(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
	fclose(file);
	return text;
}

void report_sample_check(const char *name, const char *output)
{
	char path[256];
	char *wanted;

	snprintf(path, sizeof path, "daemon/golden/%s", name);
	if (getenv("REACHD_UPDATE_GOLDEN")) {
		FILE *file = fopen(path, "wb");
		assert_non_null(file);
		fputs(output, file);
		assert_int_equal(fclose(file), 0);
		return;
	}
	wanted = read_whole(path);
	if (strcmp(wanted, output) != 0)
		fail_msg("%s differs; this came out:\n%s", path, output);
	free(wanted);
}
