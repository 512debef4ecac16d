/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "probes/evidence.h"
#include "probes/registry.h"

/* ---- a line ------------------------------------------------------------------ */

static void check_evidence(
	const char *kind, const char *json, size_t limit, const char *wanted)
{
	struct strbuf text;

	strbuf_init(&text);
	evidence_add(&text, registry_find(kind), json, limit);
	assert_string_equal(text.text ? text.text : "", wanted);
	strbuf_fini(&text);
}

static void evidence_reads_as_a_line(void **state)
{
	(void)state;
	check_evidence("tcp", NULL, 99, "");
	check_evidence("tcp", "", 99, "");
	check_evidence("tcp", "{}", 99, "");
	check_evidence("tcp",
		"{\"icmp\":{\"type\":3,\"code\":13,\"sender\":\"10.0.0.1\"},"
		"\"errno\":\"EHOSTUNREACH\"}",
		99, "ICMP type 3 code 13 from 10.0.0.1");
	check_evidence("tcp", "{\"errno\":\"EMFILE\"}", 99, "errno EMFILE");
	check_evidence(
		"tcp", "{\"protocol\":\"tls\",\"flags\":[]}", 99, "protocol tls");
	check_evidence("rpc",
		"{\"uuid\":\"3d267954-eeb7-11d1-b94e-00c04fa3080d\",\"port\":"
		"49664,\"stages\":[{\"phase\":\"connect\",\"port\":135,"
		"\"elapsed_us\":310}]}",
		99, "");
	check_evidence("rpc",
		"{\"port\":135,\"stages\":[],\"mapper\":{\"entries\":53,"
		"\"tcp\":[{\"uuid\":\"u1\",\"name\":\"samr\",\"port\":49154},"
		"{\"uuid\":\"u2\",\"port\":49155}]}}",
		99, "53 entries; samr 49154, u2 49155");
	check_evidence("rpc",
		"{\"stages\":[],\"interfaces\":[{\"name\":\"samr\",\"port\":1,"
		"\"reason\":\"endpoint-filtered\"}]}",
		99, "samr 1 endpoint-filtered");
	check_evidence("sweep",
		"{\"runs\":[[1,9,\"closed\"],[10,10,\"open\"],[11,20,"
		"\"filtered\"],[21,21,\"prohibited\"]]}",
		99, "11-20 filtered, 21 prohibited; 1-9 closed, 10 open");
	check_evidence("dns",
		"{\"servers\":[{\"server\":\"10.0.0.53:53\",\"reason\":"
		"\"resolved\",\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"]},"
		"{\"server\":\"10.0.1.53:53\",\"reason\":\"nxdomain\"}]}",
		200,
		"10.0.0.53:53 says 10.0.0.1, 10.0.0.2; 10.0.1.53:53 says nxdomain");
}

static void unknown_evidence_reads_too(void **state)
{
	(void)state;
	check_evidence("tcp",
		"{\"cipher\":\"x\",\"n\":[1,2.5,true,null],\"o\":{\"a\":false}}", 99,
		"cipher x; n 1, 2.5, yes, none; o a no");
	check_evidence("tcp", "no json", 99, "no json");
	check_evidence("tcp", "no json at all", 7, "no json");
	check_evidence("tcp", "[1,2]", 99, "");
	check_evidence("sweep", "{\"runs\":7,\"icmp\":[]}", 99, "");
	check_evidence("dns", "{\"servers\":\"x\",\"declared\":{}}", 99, "");
	check_evidence("sweep", "{\"runs\":[7,[],[1]],\"icmp\":[3]}", 200,
		"0 ?, 0 ?, 1-0 ?; ICMP type 0 code 0");
}

static void evidence_is_cut_at_its_limit(void **state)
{
	struct strbuf json, text;

	(void)state;
	strbuf_init(&json);
	strbuf_adds(&json, "{\"runs\":[[1,1,\"open\"]");
	for (int i = 2; i < 5000; i++)
		strbuf_addf(&json, ",[%d,%d,\"%s\"]", i, i, i % 2 ? "closed" : "open");
	strbuf_adds(&json, "]}");
	strbuf_init(&text);
	evidence_add(&text, &sweep_probe_ops, json.text, 40);
	assert_string_equal(
		text.text, "1 open, 2 open, 3 closed, 4 open, 5 closed ...");
	strbuf_fini(&text);
	strbuf_reset(&json);
	for (int i = 0; i < 300; i++)
		strbuf_adds(&json, "{\"a\":");
	strbuf_adds(&json, "1");
	for (int i = 0; i < 300; i++)
		strbuf_adds(&json, "}");
	strbuf_init(&text);
	evidence_add(&text, NULL, json.text, 1000);
	assert_true(text.length < 40);
	strbuf_fini(&text);
	strbuf_fini(&json);
}

/* ---- the cause --------------------------------------------------------------- */

static void assert_cause(
	const struct probe_ops *ops, const char *evidence, const char *expected)
{
	char *cause = evidence_cause(ops, evidence);

	if (expected)
		assert_string_equal(cause, expected);
	else
		assert_null(cause);
	free(cause);
}

static void the_cause_is_who_sent_the_error_or_what_the_kind_finds(void **state)
{
	const char *servers =
		"{\"servers\":[{\"server\":\"a\",\"reason\":\"resolved\"},"
		"{\"server\":\"b\",\"reason\":\"nxdomain\"}]}";

	(void)state;
	assert_cause(&tcp_probe_ops, "{\"icmp\":{\"type\":3,\"sender\":\"192.0.2.1\"}}",
		"192.0.2.1");
	assert_cause(&dns_probe_ops, servers, "b");
	assert_cause(&tcp_probe_ops, servers, NULL);
	assert_cause(NULL, servers, NULL);
	assert_cause(&dns_probe_ops, "{\"servers\":[7,{\"reason\":3}]}", NULL);
	assert_cause(&dns_probe_ops, "{\"icmp\":3}", NULL);
	assert_cause(&dns_probe_ops, "not JSON", NULL);
	assert_cause(&dns_probe_ops, NULL, NULL);
}

/* ---- which port -------------------------------------------------------------- */

static uint16_t port_of(const char *name, const char *evidence)
{
	struct arena arena;
	struct conf_report report;
	struct check check;
	struct conf_mark mark = {0};

	arena_init(&arena, 0);
	conf_report_init(&report);
	assert_int_equal(check_parse(name, NULL, mark, &arena, &report, &check), 0);
	uint16_t port = evidence_port(check.ops, check.conf, evidence);
	conf_report_fini(&report);
	arena_fini(&arena);
	return port;
}

static void the_port_is_the_checks_or_the_one_that_it_found(void **state)
{
	static const struct {
		const char *check, *evidence;
		uint16_t port;
	} cases[] = {
		{"tcp/443", NULL, 443},
		{"tcp/443", "{\"port\":9}", 443},
		{"rdp", "{\"icmp\":{}}", 3389},
		{"dns", NULL, 0},
		{"rpc/licensing", NULL, 135},
		{"rpc/licensing", "{\"port\":49664,\"stages\":[]}", 49664},
		{"rpc/licensing", "{\"port\":-1}", 135},
		{"rpc/licensing", "{\"port\":70000}", 135},
		{"rpc/licensing", "{\"port\":\"49664\"}", 135},
		{"rpc/licensing", "not JSON", 135},
		{"rpc/*",
			"{\"port\":49670,\"interfaces\":[{\"port\":49664,\"state\":"
			"\"open\"},{\"port\":49665,\"state\":\"filtered\"}]}",
			49665},
		{"sweep/100-200", NULL, 100},
		{"sweep/100-200", "{\"runs\":[[100,200,\"closed\"]]}", 100},
		{"sweep/100-200",
			"{\"runs\":[[100,149,\"closed\"],[150,160,\"prohibited\"],"
			"[161,200,\"filtered\"]]}",
			150},
		{"sweep/100-200", "{\"runs\":[[],7,[1],[0,9,\"filtered\"]]}", 100},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			port_of(cases[i].check, cases[i].evidence), cases[i].port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_reads_as_a_line),
		cmocka_unit_test(unknown_evidence_reads_too),
		cmocka_unit_test(evidence_is_cut_at_its_limit),
		cmocka_unit_test(
			the_cause_is_who_sent_the_error_or_what_the_kind_finds),
		cmocka_unit_test(the_port_is_the_checks_or_the_one_that_it_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
