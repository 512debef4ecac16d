/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/config/loaded.h"

#include "base/strbuf.h"

/* The inventory that the rules below are about. */
#define HOSTS                                                        \
	"inventory:\n"                                               \
	"  session_hosts: {hosts: {\"sh[1:3]\": }}\n"                \
	"  license_servers: {hosts: {ls1: , ls2: }}\n"               \
	"  both: {children: {session_hosts: , license_servers: }}\n" \
	"  nobody:\n"

static void good(struct loaded *loaded, const char *rules)
{
	struct strbuf text;
	strbuf_init(&text);
	strbuf_adds(&text, HOSTS);
	strbuf_adds(&text, rules);
	loaded_good(loaded, text.text);
	strbuf_fini(&text);
}

static void refused(const char *rules, size_t errors, const char *part)
{
	struct strbuf text;
	strbuf_init(&text);
	strbuf_adds(&text, HOSTS);
	strbuf_adds(&text, rules);
	expect_refused(text.text, errors, part);
	strbuf_fini(&text);
}

static const struct rule *only_rule(const struct loaded *loaded)
{
	assert_int_equal(loaded->config->rules.count, 1);
	return &loaded->config->rules.rules[0];
}

static void expect_to(
	const struct loaded *loaded, const struct rule *rule, const char *hosts)
{
	struct strbuf text;
	strbuf_init(&text);
	for (uint32_t i = 0; i < rule->n_to; i++) {
		if (i)
			assert_true(rule->to[i - 1] < rule->to[i]);
		strbuf_addf(&text, "%s%s", i ? " " : "",
			loaded->config->inventory.hosts[rule->to[i]].name);
	}
	char *told = strbuf_take(&text);
	assert_string_equal(told, hosts);
	free(told);
}

static void the_shortest_rule_has_a_name_a_target_and_a_check(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "rules: [{name: n, to: license_servers, check: tcp/135}]\n");
	const struct rule *rule = only_rule(&loaded);
	assert_string_equal(rule->name, "n");
	assert_null(rule->from);
	expect_to(&loaded, rule, "ls1 ls2");
	assert_string_equal(rule->to_name, "license_servers");
	assert_int_equal(rule->n_checks, 1);
	assert_string_equal(rule->checks[0].text, "tcp/135");
	assert_int_equal(rule->checks[0].expect, EXPECT_DEFAULT);
	assert_int_equal(rule->checks[0].timeout_ms, 0);
	assert_int_equal(rule->checks[0].attempts, 0);
	assert_false(rule->checks[0].accept_closed);
	assert_null(rule->checks[0].options);
	assert_int_equal(rule->n_controls, 0);
	assert_int_equal(rule->require, 0);
	loaded_fini(&loaded);
}

static void to_may_be_a_host_or_several_names(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded,
		"rules:\n"
		"- {name: one, to: sh2, check: dns}\n"
		"- {name: many, to: [ls2, session_hosts, sh1, ls2], check: dns}\n");
	assert_int_equal(loaded.config->rules.count, 2);
	const struct rule *rules = loaded.config->rules.rules;
	expect_to(&loaded, &rules[0], "sh2");
	expect_to(&loaded, &rules[1], "sh1 sh2 sh3 ls2");
	assert_string_equal(rules[1].to_name, "ls2, session_hosts, sh1, ls2");
	loaded_fini(&loaded);
}

static void from_may_be_a_group_or_a_host(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "rules:\n"
		      "- {name: a, from: session_hosts, to: ls1, check: dns}\n"
		      "- {name: b, from: sh1, to: ls1, check: dns}\n");
	assert_string_equal(loaded.config->rules.rules[0].from, "session_hosts");
	assert_string_equal(loaded.config->rules.rules[1].from, "sh1");
	assert_int_equal(loaded.config->rules.rules[1].from_mark.line, 8);
	loaded_fini(&loaded);
}

static void checks_inherit_from_their_rule_and_overrule_it(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "rules:\n"
		      "- name: n\n"
		      "  to: ls1\n"
		      "  expect: clear\n"
		      "  timeout: 3s\n"
		      "  attempts: 4\n"
		      "  check:\n"
		      "  - tcp/1\n"
		      "  - {check: tcp/2, expect: open, timeout: 250ms}\n"
		      "  - {check: tcp/3, attempts: 1, extra: [x]}\n");
	const struct rule_check *checks = only_rule(&loaded)->checks;
	assert_int_equal(only_rule(&loaded)->n_checks, 3);
	assert_int_equal(checks[0].expect, EXPECT_CLEAR);
	assert_int_equal(checks[0].timeout_ms, 3000);
	assert_int_equal(checks[0].attempts, 4);
	assert_int_equal(checks[1].expect, EXPECT_OPEN);
	assert_int_equal(checks[1].timeout_ms, 250);
	assert_int_equal(checks[1].attempts, 4);
	assert_int_equal(checks[2].expect, EXPECT_CLEAR);
	assert_int_equal(checks[2].timeout_ms, 3000);
	assert_int_equal(checks[2].attempts, 1);
	/* The key that rules don't know is left to the kind. */
	assert_non_null(checks[2].options);
	assert_non_null(conf_node_get(checks[2].options, "extra"));
	assert_int_equal(checks[2].mark.line, 15);
	loaded_fini(&loaded);
}

static void accept_reaches_the_checks_that_expect_blocked(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "rules:\n"
		      "- name: n\n"
		      "  to: ls1\n"
		      "  expect: blocked\n"
		      "  accept: [closed]\n"
		      "  check: [tcp/1, {check: tcp/2, expect: open}]\n"
		      "- name: m\n"
		      "  to: ls1\n"
		      "  check: [tcp/3, {check: tcp/4, expect: blocked, "
		      "accept: closed}]\n");
	const struct rule *rules = loaded.config->rules.rules;
	assert_true(rules[0].checks[0].accept_closed);
	assert_false(rules[0].checks[1].accept_closed);
	assert_false(rules[1].checks[0].accept_closed);
	assert_true(rules[1].checks[1].accept_closed);
	loaded_fini(&loaded);
}

static void controls_are_recorded_only(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "rules:\n"
		      "- {name: n, to: ls1, check: tcp/1, expect: blocked, "
		      "timeout: 1s, control: [tcp/2, {check: tcp/3, timeout: 2s}]}\n");
	const struct rule *rule = only_rule(&loaded);
	assert_int_equal(rule->n_controls, 2);
	assert_int_equal(rule->controls[0].expect, EXPECT_ANY);
	assert_int_equal(rule->controls[0].timeout_ms, 1000);
	assert_string_equal(rule->controls[1].text, "tcp/3");
	assert_int_equal(rule->controls[1].timeout_ms, 2000);
	loaded_fini(&loaded);
}

static void require_is_a_number_of_hosts_or_all(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "rules:\n"
		      "- {name: a, to: license_servers, check: dns, require: 2}\n"
		      "- {name: b, to: license_servers, check: dns, require: all}\n");
	assert_int_equal(loaded.config->rules.rules[0].require, 2);
	assert_int_equal(loaded.config->rules.rules[1].require, 0);
	loaded_fini(&loaded);
	refused("rules: [{name: a, to: license_servers, check: dns, require: 3}]\n", 1,
		"'to' has only 2 hosts");
	refused("rules: [{name: a, to: ls1, check: dns, require: 0}]\n", 1,
		"or the word 'all'");
	refused("rules: [{name: a, to: ls1, check: dns, require: \"1\"}]\n", 1,
		"or the word 'all'");
	refused("rules: [{name: a, to: ls1, check: dns, require: [1]}]\n", 1,
		"or the word 'all'");
}

static void unknown_names_are_mistakes_with_a_suggestion(void **state)
{
	(void)state;
	refused("rules: [{name: a, to: license_server, check: dns}]\n", 1,
		"did you mean 'license_servers'?");
	refused("rules: [{name: a, to: [ls1, sh9x9], check: dns}]\n", 1, "'sh9x9'");
	refused("rules: [{name: a, from: sesion_hosts, to: ls1, check: dns}]\n", 1,
		"did you mean 'session_hosts'?");
}

static void rules_without_flows_are_mistakes(void **state)
{
	(void)state;
	refused("rules: [{name: a, to: nobody, check: dns}]\n", 1,
		"rule 'a' has no flows: group 'nobody' has no hosts");
	refused("rules: [{name: a, from: nobody, to: ls1, check: dns}]\n", 1,
		"rule 'a' has no flows: group 'nobody' has no hosts");
	refused("rules: [{name: a, to: ls1, check: []}]\n", 1, "found an empty list");
	refused("rules: []\n", 1, "empty list");
	refused("rules: [{name: a, to: [], check: dns}]\n", 1, "'to' is empty");
}

static void an_empty_group_beside_others_is_a_warning(void **state)
{
	(void)state;
	struct loaded loaded;
	loaded_parse(
		&loaded, HOSTS "rules: [{name: a, to: [nobody, ls1], check: dns}]\n");
	assert_int_equal(loaded.rc, 0);
	assert_non_null(strstr(loaded.told, "warning: group 'nobody' has no hosts"));
	loaded_fini(&loaded);
}

static void names_are_required_and_unique(void **state)
{
	(void)state;
	refused("rules: [{to: ls1, check: dns}]\n", 1, "'name'");
	refused("rules:\n- {name: a, to: ls1, check: dns}\n"
		"- {name: b, to: ls1, check: dns}\n"
		"- {name: a, to: ls2, check: dns}\n",
		1, "duplicate rule 'a': the first one is in line 7");
}

static void accept_and_control_go_with_blocked(void **state)
{
	(void)state;
	refused("rules: [{name: a, to: ls1, check: dns, accept: [closed]}]\n", 1,
		"'accept' needs 'expect: blocked'");
	refused("rules: [{name: a, to: ls1, check: dns, control: tcp/1}]\n", 1,
		"'control' needs 'expect: blocked'");
	refused("rules: [{name: a, to: ls1, check: {check: dns, accept: closed}}]\n", 1,
		"'accept' needs 'expect: blocked'");
	refused("rules: [{name: a, to: ls1, check: tcp/1, expect: blocked, "
		"accept: [open]}]\n",
		1, "write 'closed'");
	refused("rules: [{name: a, to: ls1, check: tcp/1, expect: blocked, "
		"control: {check: tcp/2, expect: open}}]\n",
		1, "'expect' is not allowed in a control");
}

static void wrong_shapes_are_mistakes(void **state)
{
	(void)state;
	refused("rules: [licensing]\n", 1, "a rule must be a mapping");
	refused("rules: {name: a}\n", 1, "a list of rules or the word 'rds'");
	refused("rules: rdp\n", 1, "unknown set of rules");
	refused("rules: [{name: a, to: ls1, check: [[dns]]}]\n", 1, "found a list");
	refused("rules: [{name: a, to: ls1, check: [~]}]\n", 1, "found nothing");
	refused("rules: [{name: a, to: ls1, check: {expect: open}}]\n", 1, "'check'");
	refused("rules: [{name: a, to: ls1, check: dns, expekt: open}]\n", 1,
		"'expect'");
	refused("rules: [{name: a, to: ls1, check: dns, expect: opn}]\n", 1, "'open'");
}

static void all_mistakes_of_all_rules_are_told_at_once(void **state)
{
	(void)state;
	refused("rules:\n"
		"- {name: a, to: nowhere, check: dns, timeout: 2}\n"
		"- {to: ls1, check: {check: dns, attempts: 0}}\n"
		"- {name: c, from: nowhere, to: ls1, check: [[]], require: none}\n",
		7, "'require' must be a number");
}

static void names_missing_from_a_broken_inventory_are_no_mistakes(void **state)
{
	(void)state;
	expect_refused("inventory: {a: {hosts: [h1]}}\n"
		       "rules: [{name: n, to: b, check: dns}, "
		       "{name: m, from: b, to: a, check: dns, require: 2}]\n",
		1, "'hosts' must be a mapping");
	expect_refused(
		"inventory: {a: {hosts: [h1]}}\n", 1, "'hosts' must be a mapping");
}

/* ---- the built-in set -------------------------------------------------------- */

static const struct rule *find_rule(const struct loaded *loaded, const char *name)
{
	for (uint32_t i = 0; i < loaded->config->rules.count; i++)
		if (strcmp(loaded->config->rules.rules[i].name, name) == 0)
			return &loaded->config->rules.rules[i];
	return NULL;
}

static void expect_licensing(const struct loaded *loaded)
{
	const struct rule *rule = find_rule(loaded, "RDS licensing");
	assert_non_null(rule);
	assert_string_equal(rule->from, "session_hosts");
	expect_to(loaded, rule, "ls1 ls2");
	assert_int_equal(rule->require, 1);
	static const char *const checks[] = {
		"dns", "rpc/licensing", "smb", "sweep/dynamic"};
	assert_int_equal(rule->n_checks, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_string_equal(rule->checks[i].text, checks[i]);
	rule = find_rule(loaded, "RDS no RDP into license servers");
	assert_non_null(rule);
	assert_string_equal(rule->checks[0].text, "rdp");
	assert_int_equal(rule->checks[0].expect, EXPECT_BLOCKED);
	assert_false(rule->checks[0].accept_closed);
}

static void the_built_in_set_is_about_the_groups_that_there_are(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "rules: rds\n");
	expect_licensing(&loaded);
	assert_int_equal(loaded.config->rules.count, 2);
	loaded_fini(&loaded);
}

static void without_rules_the_built_in_set_applies(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "");
	expect_licensing(&loaded);
	loaded_fini(&loaded);
	good(&loaded, "rules:\n");
	expect_licensing(&loaded);
	loaded_fini(&loaded);
	expect_refused(
		"inventory: {web: {hosts: {w1: }}}\n", 1, "the key 'rules' is missing");
}

static void the_built_in_set_covers_every_role(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "  brokers: {hosts: {b1: }}\n"
		      "  gateways: {hosts: {g1: }}\n"
		      "  web_access: {hosts: {w1: }}\n"
		      "  domain_controllers: {hosts: {dc1: }}\n"
		      "  activation_endpoints: {hosts: {ms1: }}\n"
		      "  administration: {hosts: {adm1: }}\n"
		      "rules: rds\n");
	assert_int_equal(loaded.config->rules.count, 13);
	const struct rule *rule = find_rule(&loaded, "RDS web access to brokers");
	assert_non_null(rule);
	expect_to(&loaded, rule, "b1");
	assert_string_equal(rule->checks[1].text, "tcp/5504");
	rule = find_rule(&loaded, "RDS session hosts to the directory");
	assert_non_null(rule);
	assert_string_equal(rule->checks[2].text, "tcp/636");
	assert_int_equal(rule->checks[2].expect, EXPECT_CLEAR);
	rule = find_rule(&loaded, "RDS activation");
	assert_non_null(rule);
	assert_string_equal(rule->from, "license_servers");
	expect_to(&loaded, rule, "ms1");
	assert_string_equal(rule->checks[1].text, "tcp/443");
	rule = find_rule(&loaded, "RDS administration of license servers");
	assert_non_null(rule);
	assert_string_equal(rule->checks[2].text, "rpc/object-exporter");
	rule = find_rule(&loaded, "RDS administration of brokers");
	assert_non_null(rule);
	assert_string_equal(rule->checks[1].text, "tcp/5985");
	assert_int_equal(rule->checks[1].expect, EXPECT_CLEAR);
	loaded_fini(&loaded);
}

static void the_built_in_set_needs_its_two_groups(void **state)
{
	(void)state;
	expect_refused("inventory: {licence_servers: {hosts: {l1: }}, "
		       "session_hosts: {hosts: {s1: }}}\n"
		       "rules: rds\n",
		1, "the inventory has 'licence_servers'");
	expect_refused("inventory: {web: {hosts: {w1: }}}\nrules: rds\n", 2,
		"the group 'license_servers'");
}

static void mistakes_about_the_built_in_set_name_it(void **state)
{
	(void)state;
	expect_refused(
		"inventory: {license_servers: , session_hosts: {hosts: {s1: }}}\n"
		"rules: rds\n",
		2, "<built-in rds>");
}

static void the_text_of_built_in_sets_can_be_had(void **state)
{
	(void)state;
	size_t size = 0;
	const char *text = rules_builtin("rds", &size);
	assert_non_null(text);
	assert_int_equal(strlen(text), size);
	assert_null(rules_builtin("none", &size));
	assert_string_equal(rules_builtin_names[0], "rds");
	assert_null(rules_builtin_names[1]);
}

static void expectations_have_words(void **state)
{
	(void)state;
	assert_string_equal(rule_expect_name(EXPECT_DEFAULT), "default");
	assert_string_equal(rule_expect_name(EXPECT_OPEN), "open");
	assert_string_equal(rule_expect_name(EXPECT_CLEAR), "clear");
	assert_string_equal(rule_expect_name(EXPECT_BLOCKED), "blocked");
	assert_string_equal(rule_expect_name(EXPECT_ANY), "any");
}

static void a_schedule_inherits_what_it_does_not_say(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded,
		"schedule: {every: 10m, jitter: 1m, windows: [daily 08:00-18:00], "
		"timezone: UTC}\n"
		"rules:\n"
		"- {name: none, to: ls1, check: tcp/1}\n"
		"- {name: short, to: ls1, check: tcp/2, schedule: {every: 30s}}\n"
		"- {name: long, to: ls1, check: tcp/3, schedule: {every: 1h}}\n"
		"- {name: early, to: ls1, check: tcp/4, schedule: {jitter: 5s}}\n"
		"- {name: open, to: ls1, check: tcp/5, schedule: {windows: []}}\n");
	static const struct {
		uint32_t every_ms, jitter_ms;
		size_t n_windows;
	} wanted[] = {
		{30000, 30000, 1}, /* the jitter is cut to the interval */
		{3600000, 60000, 1},
		{600000, 5000, 1},
		{600000, 60000, 0},
	};
	const struct rule *rules = loaded.config->rules.rules;
	assert_null(rules[0].schedule);
	for (size_t i = 0; i < 4; i++) {
		const struct settings_schedule *own = rules[i + 1].schedule;
		assert_int_equal(own->every_ms, wanted[i].every_ms);
		assert_int_equal(own->jitter_ms, wanted[i].jitter_ms);
		assert_int_equal(own->n_windows, wanted[i].n_windows);
	}
	assert_int_equal(loaded.config->settings.schedule.jitter_ms, 60000);
	loaded_fini(&loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shortest_rule_has_a_name_a_target_and_a_check),
		cmocka_unit_test(to_may_be_a_host_or_several_names),
		cmocka_unit_test(from_may_be_a_group_or_a_host),
		cmocka_unit_test(checks_inherit_from_their_rule_and_overrule_it),
		cmocka_unit_test(accept_reaches_the_checks_that_expect_blocked),
		cmocka_unit_test(controls_are_recorded_only),
		cmocka_unit_test(require_is_a_number_of_hosts_or_all),
		cmocka_unit_test(unknown_names_are_mistakes_with_a_suggestion),
		cmocka_unit_test(rules_without_flows_are_mistakes),
		cmocka_unit_test(an_empty_group_beside_others_is_a_warning),
		cmocka_unit_test(names_are_required_and_unique),
		cmocka_unit_test(accept_and_control_go_with_blocked),
		cmocka_unit_test(wrong_shapes_are_mistakes),
		cmocka_unit_test(all_mistakes_of_all_rules_are_told_at_once),
		cmocka_unit_test(names_missing_from_a_broken_inventory_are_no_mistakes),
		cmocka_unit_test(the_built_in_set_is_about_the_groups_that_there_are),
		cmocka_unit_test(without_rules_the_built_in_set_applies),
		cmocka_unit_test(the_built_in_set_covers_every_role),
		cmocka_unit_test(the_built_in_set_needs_its_two_groups),
		cmocka_unit_test(mistakes_about_the_built_in_set_name_it),
		cmocka_unit_test(the_text_of_built_in_sets_can_be_had),
		cmocka_unit_test(expectations_have_words),
		cmocka_unit_test(a_schedule_inherits_what_it_does_not_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
