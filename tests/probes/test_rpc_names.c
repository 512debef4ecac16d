/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/size.h"
#include "probes/rpc/names.h"

static struct rpc_name found;

static void assert_known(const char *name, const char *syntax)
{
	char text[UUID_SYNTAX_TEXT];
	assert_true(rpc_name_find(name, NULL, &found));
	assert_string_equal(found.name, name);
	assert_string_equal(uuid_syntax_format(&found.syntax, text), syntax);
}

static void knows_what_it_was_made_for(void **state)
{
	(void)state;
	assert_known("licensing", "3d267954-eeb7-11d1-b94e-00c04fa3080d@1.0");
	assert_string_equal(found.what, "Remote Desktop Licensing");
	assert_int_equal(found.port, 0);
	assert_known("service-control", "367abb81-9844-35f1-ad32-98f038001003@2.0");
	assert_known("eventlog", "f6beaff7-1e19-4fbb-9f8f-b89e2018337c@1.0");
	assert_known("samr", "12345778-1234-abcd-ef00-0123456789ac@1.0");
	assert_known("lsarpc", "12345778-1234-abcd-ef00-0123456789ab@0.0");
	assert_known("netlogon", "12345678-1234-abcd-ef00-01234567cffb@1.0");
	assert_known("drsuapi", "e3514235-4b06-11d1-ab04-00c04fc2dcd2@4.0");
	assert_known("winreg", "338cd001-2244-31f1-aaaa-900038001003@1.0");
	assert_known("ts-session", "484809d6-4239-471b-b5bc-61df8c23ac48@1.0");
	assert_known("ts-listener", "497d95a6-2d27-4bf5-9bbd-a6046957133c@1.0");
}

static void what_lives_with_the_mapper_has_its_port(void **state)
{
	(void)state;
	assert_known("epm", "e1af8308-5d1f-11c9-91a4-08002b14a0fa@3.0");
	assert_int_equal(found.port, 135);
	assert_false(found.has_alive);
	assert_known("mgmt", "afa8bd80-7d8a-11c9-bef4-08002b102989@1.0");
	assert_int_equal(found.port, 135);
	assert_known("object-exporter", "99fcfec4-5260-101b-bbcb-00aa0021347a@0.0");
	assert_int_equal(found.port, 135);
	assert_true(found.has_alive);
	assert_known("remote-activation", "4d9f4ab8-7d1c-11cf-861e-0020af6e7c57@0.0");
	assert_int_equal(found.port, 135);
}

static void names_are_sorted_and_interfaces_are_there_once(void **state)
{
	(void)state;
	for (const struct rpc_name *name = rpc_names; name->name; name++) {
		assert_true(name == rpc_names || strcmp(name[-1].name, name->name) < 0);
		assert_ptr_equal(rpc_name_of(&name->syntax.uuid), name);
		assert_false(name->syntax.any_version);
		assert_true(name->what && strlen(name->what) > 0);
		assert_true(strspn(name->name, "abcdefghijklmnopqrstuvwxyz-") ==
			    strlen(name->name));
	}
}

static void an_unknown_name_or_interface_is_not_found(void **state)
{
	(void)state;
	static const struct uuid nil;
	assert_null(rpc_name_of(&nil));
	assert_false(rpc_name_find("licence", NULL, &found));
	assert_false(rpc_name_find("", NULL, &found));
	assert_false(rpc_name_find("Licensing", NULL, &found));
}

static void the_vocabulary_adds_and_does_not_replace(void **state)
{
	(void)state;
	struct probe_interface interfaces[2] = {
		{.name = "billing"}, {.name = "licensing"}};
	struct probe_vocabulary vocabulary = {
		.interfaces = interfaces, .n_interfaces = ARRAY_SIZE(interfaces)};
	char text[UUID_SYNTAX_TEXT];
	assert_true(uuid_syntax_parse(
		"00112233-4455-6677-8899-aabbccddeeff@7.1", &interfaces[0].syntax));
	assert_true(rpc_name_find("billing", &vocabulary, &found));
	assert_string_equal(found.name, "billing");
	assert_string_equal(found.what, "billing");
	assert_string_equal(uuid_syntax_format(&found.syntax, text),
		"00112233-4455-6677-8899-aabbccddeeff@7.1");
	assert_int_equal(found.port, 0);
	assert_true(rpc_name_find("licensing", &vocabulary, &found));
	assert_string_equal(found.what, "Remote Desktop Licensing");
	assert_false(rpc_name_find("payroll", &vocabulary, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_it_was_made_for),
		cmocka_unit_test(what_lives_with_the_mapper_has_its_port),
		cmocka_unit_test(names_are_sorted_and_interfaces_are_there_once),
		cmocka_unit_test(an_unknown_name_or_interface_is_not_found),
		cmocka_unit_test(the_vocabulary_adds_and_does_not_replace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
