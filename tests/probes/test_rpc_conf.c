/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand behind rpc/, and its options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/size.h"
#include "config/bind.h"
#include "config/document.h"
#include "probes/registry.h"
#include "probes/rpc/run.h"

static const struct probe_interface ours[] = {
	{"payroll", {.uuid = {{1, 2, 3}}, .major = 4, .minor = 2}},
};
static const struct probe_vocabulary vocabulary = {
	.interfaces = ours, .n_interfaces = ARRAY_SIZE(ours)};

static struct rpc_conf parsed(const char *argument, const char *canonical)
{
	struct rpc_conf conf = {.mode = RPC_MAPPER};
	char text[PROBE_ARGUMENT_MAX] = "x";
	const char *error = NULL;

	assert_true(rpc_probe_ops.parse(
		argument, &vocabulary, &conf, text, sizeof text, &error));
	assert_string_equal(text, canonical);
	assert_int_equal(conf.mapper_port, 135);
	return conf;
}

static void without_an_argument_it_is_about_the_mapper(void **state)
{
	(void)state;
	struct rpc_conf conf = parsed(NULL, "");
	assert_int_equal(conf.mode, RPC_MAPPER);
	assert_int_equal(rpc_probe_ops.connections(&conf), 1);
	conf = parsed("*", "*");
	assert_int_equal(conf.mode, RPC_ALL);
	assert_int_equal(rpc_probe_ops.connections(&conf), RPC_MANY_CONNECTIONS);
}

static void knows_names_and_those_of_the_configuration(void **state)
{
	(void)state;
	struct rpc_conf conf = parsed("licensing", "licensing");
	assert_int_equal(conf.mode, RPC_INTERFACE);
	assert_int_equal(conf.interface.major, 1);
	assert_string_equal(conf.label, "licensing");
	assert_false(conf.has_own_port);
	assert_int_equal(rpc_probe_ops.connections(&conf), 2);
	conf = parsed("payroll", "payroll");
	assert_int_equal(conf.interface.major, 4);
	assert_int_equal(conf.interface.minor, 2);
	assert_memory_equal(
		&conf.interface.uuid, &ours[0].syntax.uuid, sizeof(struct uuid));
}

static void interfaces_of_the_mapper_s_process_need_no_mapper(void **state)
{
	(void)state;
	struct rpc_conf conf = parsed("object-exporter", "object-exporter");
	assert_true(conf.has_own_port);
	assert_true(conf.has_alive);
	assert_int_equal(rpc_probe_ops.connections(&conf), 1);
	conf = parsed("99FCFEC4-5260-101B-BBCB-00AA0021347A",
		"99fcfec4-5260-101b-bbcb-00aa0021347a");
	assert_true(conf.has_own_port);
	assert_true(conf.has_alive);
	assert_false(conf.interface.any_version);
}

static void writes_a_uuid_in_one_way(void **state)
{
	(void)state;
	parsed("3D267954-EEB7-11D1-B94E-00C04FA3080D@1",
		"3d267954-eeb7-11d1-b94e-00c04fa3080d@1.0");
	struct rpc_conf conf = parsed("3d267954-EEB7-11d1-b94e-00c04fa3080d@2.7",
		"3d267954-eeb7-11d1-b94e-00c04fa3080d@2.7");
	assert_int_equal(conf.interface.major, 2);
	assert_int_equal(conf.interface.minor, 7);
	conf = parsed("3d267954-EEB7-11d1-b94e-00c04fa3080d",
		"3d267954-eeb7-11d1-b94e-00c04fa3080d");
	assert_true(conf.interface.any_version);
	assert_string_equal(conf.label, "licensing");
}

static void says_what_would_be_right(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "licencing", "**", "135",
		"3d267954-eeb7-11d1-b94e-00c04fa3080", "licensing@1.0",
		"3d267954-eeb7-11d1-b94e-00c04fa3080d@x"};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct rpc_conf conf = {.mode = RPC_MAPPER};
		char text[PROBE_ARGUMENT_MAX];
		const char *error = NULL;
		assert_false(rpc_probe_ops.parse(
			wrong[i], NULL, &conf, text, sizeof text, &error));
		assert_non_null(strstr(error, "such as licensing"));
		assert_non_null(strstr(error, "UUID"));
	}
}

static void suggests_the_nearest_name(void **state)
{
	(void)state;
	static const struct {
		const char *wrong, *nearest;
	} cases[] = {
		{"licencing", "licensing"},
		{"netlogin", "netlogon"},
		{"ts-sesion", "ts-session"},
		{"payrol", "payroll"},
		{"3d267954", NULL},
		{"", NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *nearest =
			rpc_probe_ops.nearest(cases[i].wrong, &vocabulary);
		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
	assert_null(rpc_probe_ops.nearest("payrol", NULL));
}

/* --- options --- */

/* Binds options as a plan does; what was reported in *out. True: nothing was. */
static bool options_bind(
	const char *argument, const char *yaml, struct rpc_conf *conf, char *out)
{
	static struct arena arena;
	struct conf_report report;
	const struct conf_node *root;
	char *text = NULL;
	size_t size = 0;

	*conf = parsed(argument, argument);
	arena_fini(&arena);
	arena_init(&arena, 0);
	conf_report_init(&report);
	assert_int_equal(conf_document_parse("options.yaml", yaml, strlen(yaml), &arena,
				 &report, &root),
		0);
	int rc = conf_bind(root, rpc_probe_ops.fields, NULL, conf, &arena, &report);
	if (rc == 0 && !rpc_probe_ops.bound(conf, root, &report))
		rc = -1;
	assert_int_equal(rc == 0, conf_report_ok(&report));
	FILE *stream = open_memstream(&text, &size);
	assert_non_null(stream);
	conf_report_print(&report, stream);
	fclose(stream);
	snprintf(out, 2048, "%s", text);
	free(text);
	conf_report_fini(&report);
	return rc == 0;
}

static void reads_ports_and_the_mapper_s(void **state)
{
	(void)state;
	struct rpc_conf conf;
	char told[2048];
	assert_true(options_bind("licensing",
		"{ports: [49200, \"49201\"], mapper_port: 1135}", &conf, told));
	assert_int_equal(conf.n_fixed, 2);
	assert_int_equal(conf.fixed[0], 49200);
	assert_int_equal(conf.fixed[1], 49201);
	assert_int_equal(conf.mapper_port, 1135);
	assert_true(options_bind("licensing", "{ports: 49200}", &conf, told));
	assert_int_equal(conf.n_fixed, 1);
	assert_true(options_bind("licensing", "{}", &conf, told));
	assert_int_equal(conf.n_fixed, 0);
	assert_int_equal(conf.mapper_port, 135);
}

static void tells_each_wrong_port_and_where_it_stands(void **state)
{
	(void)state;
	struct rpc_conf conf;
	char told[2048];
	assert_false(options_bind(
		"licensing", "ports: [0, 49200,\n  70000, x]", &conf, told));
	assert_non_null(
		strstr(told, "options.yaml:1:9: error: '0' is not a valid port"));
	assert_non_null(
		strstr(told, "options.yaml:2:3: error: '70000' is not a valid port"));
	assert_non_null(strstr(told,
		"options.yaml:2:10: error: 'x' is not a valid port: it must be a number from 1 "
		"to 65535"));
	assert_false(options_bind("licensing", "mapper_port: 0", &conf, told));
	assert_non_null(strstr(told, "a whole number from 1 to 65535"));
}

static void takes_sixteen_ports_and_no_more(void **state)
{
	(void)state;
	struct rpc_conf conf;
	char told[2048];
	assert_true(options_bind("licensing",
		"ports: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]", &conf, told));
	assert_int_equal(conf.n_fixed, 16);
	assert_false(options_bind("licensing",
		"ports: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", &conf, told));
	assert_non_null(strstr(
		told, "options.yaml:1:48: error: 'ports' has 17 ports; at most"));
}

/* Where nothing is asked of the mapper, ports in its place would never be tried. */
static void ports_go_with_an_interface_that_is_asked_for(void **state)
{
	(void)state;
	struct rpc_conf conf;
	char told[2048];
	assert_false(options_bind("*", "ports: 49200", &conf, told));
	assert_non_null(strstr(told, "such as rpc/licensing"));
	assert_false(options_bind("epm", "ports: 49200", &conf, told));
	assert_true(options_bind("epm", "mapper_port: 1135", &conf, told));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_an_argument_it_is_about_the_mapper),
		cmocka_unit_test(knows_names_and_those_of_the_configuration),
		cmocka_unit_test(interfaces_of_the_mapper_s_process_need_no_mapper),
		cmocka_unit_test(writes_a_uuid_in_one_way),
		cmocka_unit_test(says_what_would_be_right),
		cmocka_unit_test(suggests_the_nearest_name),
		cmocka_unit_test(reads_ports_and_the_mapper_s),
		cmocka_unit_test(tells_each_wrong_port_and_where_it_stands),
		cmocka_unit_test(takes_sixteen_ports_and_no_more),
		cmocka_unit_test(ports_go_with_an_interface_that_is_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
