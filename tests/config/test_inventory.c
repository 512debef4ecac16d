/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/config/loaded.h"

#include "base/strbuf.h"

/* Inventories stand alone here, without rules. */
struct built {
	struct arena arena;
	struct conf_report report;
	struct inventory_builder *builder;
	struct inventory inventory;
	char *told;
	int rc;
};

static void built_init(struct built *built)
{
	*built = (struct built){0};
	arena_init(&built->arena, 0);
	conf_report_init(&built->report);
	built->builder = inventory_builder_new(&built->arena, &built->report);
	assert_non_null(built->builder);
}

static void built_add(struct built *built, const char *text)
{
	const struct conf_node *root = NULL;
	assert_int_equal(conf_document_parse("hosts.yaml", text, strlen(text),
				 &built->arena, &built->report, &root),
		0);
	assert_non_null(root);
	inventory_builder_add(built->builder, root);
}

static void built_finish(struct built *built)
{
	size_t size;
	built->rc = inventory_builder_finish(built->builder, &built->inventory);
	inventory_builder_free(built->builder);
	FILE *out = open_memstream(&built->told, &size);
	assert_non_null(out);
	conf_report_print(&built->report, out);
	assert_int_equal(fclose(out), 0);
}

static void built_from(struct built *built, const char *text)
{
	built_init(built);
	built_add(built, text);
	built_finish(built);
}

static void built_good(struct built *built, const char *text)
{
	built_from(built, text);
	assert_string_equal(built->told, "");
	assert_int_equal(built->rc, 0);
	assert_false(built->inventory.incomplete);
}

static void built_fini(struct built *built)
{
	conf_report_fini(&built->report);
	arena_fini(&built->arena);
	free(built->told);
}

static void expect_mistakes(const char *text, size_t errors, const char *part)
{
	struct built built;
	built_from(&built, text);
	if (!strstr(built.told, part))
		assert_string_equal(built.told, part);
	assert_int_equal(built.report.errors, errors);
	built_fini(&built);
}

static const struct inventory_host *host(const struct built *built, const char *name)
{
	int64_t index = inventory_find_host(&built->inventory, name);
	assert_true(index >= 0);
	assert_string_equal(built->inventory.hosts[index].name, name);
	return &built->inventory.hosts[index];
}

/* "a b c": the hosts of a group. */
static void expect_group(const struct built *built, const char *name, const char *hosts)
{
	struct strbuf text;
	strbuf_init(&text);
	strbuf_adds(&text, "");
	int64_t index = inventory_find_group(&built->inventory, name);
	assert_true(index >= 0);
	const struct inventory_group *group = &built->inventory.groups[index];
	for (uint32_t i = 0; i < group->n_hosts; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "",
			built->inventory.hosts[group->hosts[i]].name);
	char *told = strbuf_take(&text);
	assert_string_equal(told, hosts);
	free(told);
}

/* "all web": the groups of a host, in the order of their indexes. */
static void expect_groups_of(
	const struct built *built, const char *name, const char *groups)
{
	struct strbuf text;
	strbuf_init(&text);
	const struct inventory_host *of = host(built, name);
	for (uint32_t i = 0; i < of->n_groups; i++) {
		if (i)
			assert_true(of->groups[i - 1] < of->groups[i]);
		strbuf_addf(&text, "%s%s", i ? " " : "",
			built->inventory.groups[of->groups[i]].name);
	}
	char *told = strbuf_take(&text);
	assert_string_equal(told, groups);
	free(told);
}

/* "name NAME" or "ADDRESS ADDRESS": what is dialled. */
static void expect_target(
	const struct built *built, const char *name, const char *dials)
{
	struct strbuf text;
	char address[NET_ADDRESS_TEXT];
	strbuf_init(&text);
	const struct inventory_host *of = host(built, name);
	if (of->dial_name) {
		assert_int_equal(of->n_addresses, 0);
		strbuf_addf(&text, "name %s", of->dial_name);
	}
	for (uint32_t i = 0; i < of->n_addresses; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "",
			net_address_format(&of->addresses[i], address, sizeof address));
	char *told = strbuf_take(&text);
	assert_string_equal(told, dials);
	free(told);
}

static void groups_hold_their_hosts_and_those_of_their_children(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "all:\n"
			   "  hosts: {lonely: }\n"
			   "  children:\n"
			   "    site:\n"
			   "      children:\n"
			   "        web: {hosts: {w1: , w2: }}\n"
			   "        db: {hosts: {d1: }}\n"
			   "    db: {hosts: {d2: }}\n");
	expect_group(&built, "all", "lonely w1 w2 d1 d2");
	expect_group(&built, "site", "w1 w2 d1 d2");
	expect_group(&built, "web", "w1 w2");
	expect_group(&built, "db", "d1 d2");
	expect_group(&built, "ungrouped", "lonely");
	expect_groups_of(&built, "w1", "all site web");
	expect_groups_of(&built, "lonely", "all ungrouped");
	assert_int_equal(inventory_find_group(&built.inventory, "w1"), -1);
	assert_int_equal(inventory_find_host(&built.inventory, "web"), -1);
	built_fini(&built);
}

static void groups_at_the_top_belong_to_all(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "web: {hosts: {w1: }}\ndb: {hosts: {d1: }}\n");
	expect_group(&built, "all", "w1 d1");
	expect_group(&built, "ungrouped", "");
	expect_groups_of(&built, "d1", "all db");
	built_fini(&built);
}

static void a_host_may_be_in_several_groups_and_counts_once(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "b: {hosts: {two: , one: , \"h[1:3]\": , h2: }}\n"
			   "a: {hosts: {one: , h2: }}\n"
			   "both: {children: {a: , b: }}\n");
	expect_group(&built, "b", "two one h1 h2 h3");
	expect_group(&built, "a", "one h2");
	expect_group(&built, "both", "two one h1 h2 h3");
	expect_groups_of(&built, "one", "all b a both");
	assert_int_equal(built.inventory.n_hosts, 5);
	built_fini(&built);
}

static void members_are_told_in_the_order_of_first_mention(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "first: {hosts: {c: , a: , b: }}\n"
			   "second: {hosts: {b: , d: , a: , c: }}\n");
	expect_group(&built, "second", "c a b d");
	built_fini(&built);
}

static void a_single_host_or_child_may_be_text(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "web: {hosts: w1}\nall: {children: web}\n");
	expect_group(&built, "web", "w1");
	built_fini(&built);
}

static void files_merge_and_the_later_variable_wins(void **state)
{
	(void)state;
	struct built built;
	built_init(&built);
	built_add(&built, "web: {hosts: {w1: {ansible_host: 192.0.2.1}, w2: }}\n");
	built_add(&built, "web: {hosts: {w3: , w1: {ansible_host: 192.0.2.9}}}\n"
			  "site: {children: {web: }}\n");
	built_add(&built, "web: {hosts: {w1: }}\n");
	built_finish(&built);
	assert_string_equal(built.told, "");
	expect_group(&built, "web", "w1 w2 w3");
	expect_group(&built, "site", "w1 w2 w3");
	expect_target(&built, "w1", "192.0.2.9");
	built_fini(&built);
}

static void hosts_dial_their_address_their_other_name_or_their_name(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "all:\n"
			   "  hosts:\n"
			   "    a.corp.example: {ansible_host: 192.0.2.1}\n"
			   "    b.corp.example: {ansible_host: real.corp.example}\n"
			   "    c.corp.example:\n"
			   "    192.0.2.77:\n"
			   "    \"2001:db8::7\":\n"
			   "    d: {ansible_ssh_host: \"2001:DB8:0::1\"}\n"
			   "    e: {reachd_addresses: 192.0.2.5}\n"
			   "    f: {reachd_addresses: [192.0.2.6, \"2001:db8::6\"], "
			   "ansible_host: 198.51.100.1}\n"
			   "    g.corp.example: {ansible_host: }\n");
	expect_target(&built, "a.corp.example", "192.0.2.1");
	expect_target(&built, "b.corp.example", "name real.corp.example");
	expect_target(&built, "c.corp.example", "name c.corp.example");
	expect_target(&built, "192.0.2.77", "192.0.2.77");
	expect_target(&built, "2001:db8::7", "2001:db8::7");
	expect_target(&built, "d", "2001:db8::1");
	expect_target(&built, "e", "192.0.2.5");
	expect_target(&built, "f", "192.0.2.6 2001:db8::6");
	expect_target(&built, "g.corp.example", "name g.corp.example");
	built_fini(&built);
}

static void ports_behind_names_are_dropped(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "all: {hosts: {\"w1:2222\": , \"[2001:db8::1]:22\": , "
			   "\"[2001:db8::2]\": , \"2001:db8::3:22\": , "
			   "\"d[1:2]:22\": , \"192.0.2.1:5986\": }}\n");
	expect_group(&built, "all",
		"w1 2001:db8::1 2001:db8::2 2001:db8::3:22 d1 d2 192.0.2.1");
	built_fini(&built);
}

static void the_nearest_group_lends_its_variables(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "all:\n"
			   "  vars: {ansible_host: 192.0.2.1}\n"
			   "  hosts: {plain: }\n"
			   "  children:\n"
			   "    outer:\n"
			   "      vars: {ansible_host: 192.0.2.2}\n"
			   "      hosts: {in_outer: }\n"
			   "      children:\n"
			   "        inner:\n"
			   "          vars: {ansible_host: 192.0.2.3}\n"
			   "          hosts: {in_inner: , own: "
			   "{ansible_host: 192.0.2.4}}\n"
			   "        bare: {hosts: {in_bare: }}\n");
	expect_target(&built, "plain", "192.0.2.1");
	expect_target(&built, "in_outer", "192.0.2.2");
	expect_target(&built, "in_inner", "192.0.2.3");
	expect_target(&built, "in_bare", "192.0.2.2");
	expect_target(&built, "own", "192.0.2.4");
	built_fini(&built);
}

static void among_siblings_the_later_name_wins_unless_a_priority_says_so(void **state)
{
	(void)state;
	struct built built;
	built_good(&built,
		"zebra: {hosts: {h: , p: }, vars: {ansible_host: 192.0.2.26}}\n"
		"apple: {hosts: {h: , p: }, vars: {ansible_host: 192.0.2.1}}\n"
		"mango: {hosts: {p: }, vars: {ansible_host: 192.0.2.13, "
		"ansible_group_priority: 10}}\n");
	expect_target(&built, "h", "192.0.2.26");
	expect_target(&built, "p", "192.0.2.13");
	built_fini(&built);
}

/* Depth is the longest way from "all": a group that is also a grandchild is deep. */
static void depth_goes_before_the_alphabet(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "a_deep: {hosts: {h: }, vars: {ansible_host: 192.0.2.1}}\n"
			   "z_flat: {hosts: {h: }, vars: {ansible_host: 192.0.2.2}}\n"
			   "parent: {children: {a_deep: }}\n"
			   "all: {children: {parent: , a_deep: , z_flat: }}\n");
	expect_target(&built, "h", "192.0.2.1");
	built_fini(&built);
}

static void our_addresses_go_before_ansibles_wherever_they_are(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "all:\n"
			   "  vars: {reachd_addresses: [192.0.2.1]}\n"
			   "  hosts: {h: {ansible_host: \"{{ lookup('x') }}\"}}\n");
	expect_target(&built, "h", "192.0.2.1");
	built_fini(&built);
}

static void other_variables_may_hold_anything(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "all:\n"
			   "  vars:\n"
			   "    ansible_user: \"{{ vault_user }}\"\n"
			   "    secret: !vault |\n"
			   "      $ANSIBLE_VAULT;1.1;AES256\n"
			   "      6231\n"
			   "    raw: !unsafe 'x{{y'\n"
			   "    deep: {list: [1, {x: [y]}], \"key with blanks\": ~}\n"
			   "    ports: [80, 443]\n"
			   "  hosts:\n"
			   "    h1: {http_port: 80, nothing: , tags: [a, b]}\n");
	expect_group(&built, "all", "h1");
	built_fini(&built);
}

static void merge_keys_and_aliases_work(void **state)
{
	(void)state;
	struct built built;
	built_good(&built, "x: {vars: &v {reachd_addresses: [192.0.2.1]}}\n"
			   "all: {hosts: {h: {<<: *v, other: 1}}}\n");
	expect_target(&built, "h", "192.0.2.1");
	built_fini(&built);
}

static void unknown_group_keys_are_mistakes_with_a_suggestion(void **state)
{
	(void)state;
	expect_mistakes("web: {host: {w1: }}\n", 1, "did you mean 'hosts'?");
	expect_mistakes("web: {childrens: {w1: }}\n", 1, "did you mean 'children'?");
	expect_mistakes("web:\n  rdsh01:\n", 1, "under 'hosts:'");
}

static void wrong_shapes_are_mistakes_that_show_the_right_one(void **state)
{
	(void)state;
	expect_mistakes("web: {hosts: [w1, w2]}\n", 1, "write 'w1:' instead of '- w1'");
	expect_mistakes("web: {hosts: [{w1: }]}\n", 1, "no dash");
	expect_mistakes("web: {children: [a]}\n", 1, "'children' must be a mapping");
	expect_mistakes("web: [w1]\n", 1, "group 'web' must be a mapping");
	expect_mistakes("web: w1\n", 1, "group 'web' must be a mapping");
	expect_mistakes("web: {vars: [a]}\n", 1, "'vars' must be a mapping");
	expect_mistakes("web: {hosts: {w1: 192.0.2.1}}\n", 1, "variables of host 'w1'");
	expect_mistakes("web: {hosts: w1 w2}\n", 1, "has a space");
	expect_mistakes("- web\n", 1, "ansible-inventory");
	expect_mistakes("plugin: azure_rm\n", 1, "inventory plugin");
	expect_mistakes("web: {hosts: {\"\": }}\n", 1, "is empty");
	expect_mistakes("web: {hosts: {\"h[9:1]\": }}\n", 1, "runs backwards");
}

static void what_is_missing_by_a_mistake_makes_it_incomplete(void **state)
{
	(void)state;
	struct built built;
	built_from(&built, "web: {hosts: [w1]}\n");
	assert_true(built.inventory.incomplete);
	assert_int_equal(built.rc, 0); /* what add() reported is add()'s */
	built_fini(&built);
	built_from(&built, "web: {hosts: {w1: {ansible_host: 300.1.1.1}}}\n");
	assert_false(built.inventory.incomplete);
	assert_int_equal(built.rc, -EINVAL);
	expect_group(&built, "web", "w1");
	built_fini(&built);
}

static void bad_addresses_are_mistakes_told_once(void **state)
{
	(void)state;
	expect_mistakes("all: {hosts: {\"h[1:50]\": {ansible_host: 10.20.0.256}}}\n", 1,
		"'10.20.0.256' is not a valid address");
	expect_mistakes("all: {hosts: {\"h[1:50]\": }, vars: {ansible_host: 10.1}}\n",
		1, "'10.1' is not a valid address");
	expect_mistakes("all: {hosts: {h: {ansible_host: a_b!}}}\n", 1,
		"not a valid address or host name");
	expect_mistakes("all: {hosts: {h: {ansible_host: 0.0.0.0}}}\n", 1,
		"not a valid address or host name");
	expect_mistakes("all: {hosts: {h: {ansible_host: [192.0.2.1]}}}\n", 1,
		"'reachd_addresses'");
	expect_mistakes("all: {hosts: {h: {ansible_host: \"{{ ip }}\"}}}\n", 1,
		"reachd can't evaluate");
	expect_mistakes("all: {hosts: {h: {reachd_addresses: [x.corp.example]}}}\n", 1,
		"into 'ansible_host'");
	expect_mistakes("all: {hosts: {h: {reachd_addresses: []}}}\n", 1, "1 to 32");
	expect_mistakes("all: {hosts: {h: {reachd_addresses: [192.0.2.1, "
			"192.0.2.1]}}}\n",
		1, "duplicate address");
	expect_mistakes("all: {hosts: {h: {reachd_addresses: [\"ff02::1\"]}}}\n", 1,
		"not the address of one host");
	expect_mistakes("all: {hosts: {h: {reachd_addresses: {a: b}}}}\n", 1,
		"found a mapping");
	expect_mistakes("all: {hosts: {h: {reachd_adresses: 192.0.2.1}}}\n", 1,
		"did you mean 'reachd_addresses'?");
}

static void a_name_that_cant_be_looked_up_needs_an_address(void **state)
{
	(void)state;
	expect_mistakes(
		"all: {hosts: {\"web!1\": }}\n", 1, "give it an 'ansible_host'");
	expect_mistakes("all: {hosts: {10.0.0.300: }}\n", 1, "not a valid DNS name");
	struct built built;
	built_good(&built, "all: {hosts: {\"web!1\": {ansible_host: 192.0.2.1}}}\n");
	expect_target(&built, "web!1", "192.0.2.1");
	built_fini(&built);
}

static void cycles_are_mistakes_that_name_the_way(void **state)
{
	(void)state;
	expect_mistakes("a: {children: {b: }}\nb: {children: {c: }}\n"
			"c: {children: {a: }}\n",
		1, "'a' contains itself: a > b > c > a");
	expect_mistakes("a: {children: {a: }}\n", 1, "a > a");
	expect_mistakes("a: {children: {b: }}\nb: {children: {a: , d: }}\n"
			"x: {children: {y: , a: }}\ny: {children: {x: }}\n"
			"d: {hosts: {h: }}\n",
		2, "x > y > x");
	expect_mistakes("a: {children: {all: }}\n", 1, "can't contain 'all'");
	expect_mistakes("a: {children: {ungrouped: }}\n", 1, "be in other groups");
	expect_mistakes("ungrouped: {children: {a: }}\n", 1, "contain groups");
}

static void a_long_cycle_is_told_in_short(void **state)
{
	(void)state;
	struct strbuf text;
	strbuf_init(&text);
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&text, "g%d: {children: {g%d: }}\n", i, (i + 1) % 1000);
	expect_mistakes(
		text.text, 1, "g0 > g1 > g2 > g3 > g4 > g5 > g6 > g7 > ... > g0");
	strbuf_fini(&text);
}

static void a_host_and_a_group_of_one_name_are_a_warning(void **state)
{
	(void)state;
	struct built built;
	built_from(&built, "web: {hosts: {web: }}\n");
	assert_int_equal(built.rc, 0);
	assert_non_null(strstr(built.told, "'web' is both a host and a group"));
	built_fini(&built);
}

static void an_odd_priority_is_a_warning(void **state)
{
	(void)state;
	struct built built;
	built_from(
		&built, "web: {hosts: {w1: }, vars: {ansible_group_priority: high}}\n");
	assert_int_equal(built.rc, 0);
	assert_non_null(strstr(built.told, "ansible_group_priority"));
	built_fini(&built);
}

static void more_hosts_than_the_limit_are_one_mistake(void **state)
{
	(void)state;
	expect_mistakes("a: {hosts: {\"a[1:600000]\": }}\n"
			"b: {hosts: {\"b[1:600000]\": , \"c[1:5]\": }}\n",
		1, "more than 1000000 hosts");
	expect_mistakes("a: {hosts: {\"a[1:1000001]\": }}\n", 1, "too many names");
}

static void the_same_range_in_too_many_groups_is_one_mistake(void **state)
{
	(void)state;
	struct strbuf text;
	strbuf_init(&text);
	strbuf_adds(&text, "leaf: {hosts: {\"h[1:100000]\": }}\n");
	for (int i = 0; i < 250; i++)
		strbuf_addf(&text, "g%d: {children: {leaf: }}\n", i);
	expect_mistakes(text.text, 1, "more than 20000000 times");
	strbuf_reset(&text);
	for (int i = 0; i < 201; i++)
		strbuf_addf(&text, "g%d: {hosts: {\"h[1:100000]\": }}\n", i);
	expect_mistakes(text.text, 1, "name hosts more than 20000000 times");
	strbuf_fini(&text);
}

static void ten_thousand_groups_in_a_row_are_no_trouble(void **state)
{
	(void)state;
	struct strbuf text;
	struct built built;
	strbuf_init(&text);
	for (int i = 0; i < 10000; i++)
		strbuf_addf(&text, "g%d: {children: {g%d: }}\n", i, i + 1);
	strbuf_adds(&text, "g10000: {hosts: {h: }}\n");
	built_good(&built, text.text);
	expect_group(&built, "g0", "h");
	assert_int_equal(host(&built, "h")->n_groups, 10002);
	built_fini(&built);
	strbuf_fini(&text);
}

static void every_name_of_a_large_range_is_found(void **state)
{
	(void)state;
	struct built built;
	char name[64];
	built_good(&built, "all: {hosts: {\"rdsh[00001:100000].corp.example\": }}\n");
	assert_int_equal(built.inventory.n_hosts, 100000);
	for (int i = 1; i <= 100000; i += 7) {
		snprintf(name, sizeof name, "rdsh%05d.corp.example", i);
		assert_int_equal(inventory_find_host(&built.inventory, name), i - 1);
	}
	assert_int_equal(
		inventory_find_host(&built.inventory, "rdsh00000.corp.example"), -1);
	built_fini(&built);
}

static void an_empty_inventory_finds_nothing(void **state)
{
	(void)state;
	struct inventory inventory = {0};
	assert_int_equal(inventory_find_host(&inventory, "h"), -1);
	assert_int_equal(inventory_find_group(&inventory, "all"), -1);
	struct built built;
	built_good(&built, "all:\n");
	assert_int_equal(built.inventory.n_hosts, 0);
	expect_group(&built, "all", "");
	built_fini(&built);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_hold_their_hosts_and_those_of_their_children),
		cmocka_unit_test(groups_at_the_top_belong_to_all),
		cmocka_unit_test(a_host_may_be_in_several_groups_and_counts_once),
		cmocka_unit_test(members_are_told_in_the_order_of_first_mention),
		cmocka_unit_test(a_single_host_or_child_may_be_text),
		cmocka_unit_test(files_merge_and_the_later_variable_wins),
		cmocka_unit_test(
			hosts_dial_their_address_their_other_name_or_their_name),
		cmocka_unit_test(ports_behind_names_are_dropped),
		cmocka_unit_test(the_nearest_group_lends_its_variables),
		cmocka_unit_test(
			among_siblings_the_later_name_wins_unless_a_priority_says_so),
		cmocka_unit_test(depth_goes_before_the_alphabet),
		cmocka_unit_test(our_addresses_go_before_ansibles_wherever_they_are),
		cmocka_unit_test(other_variables_may_hold_anything),
		cmocka_unit_test(merge_keys_and_aliases_work),
		cmocka_unit_test(unknown_group_keys_are_mistakes_with_a_suggestion),
		cmocka_unit_test(wrong_shapes_are_mistakes_that_show_the_right_one),
		cmocka_unit_test(what_is_missing_by_a_mistake_makes_it_incomplete),
		cmocka_unit_test(bad_addresses_are_mistakes_told_once),
		cmocka_unit_test(a_name_that_cant_be_looked_up_needs_an_address),
		cmocka_unit_test(cycles_are_mistakes_that_name_the_way),
		cmocka_unit_test(a_long_cycle_is_told_in_short),
		cmocka_unit_test(a_host_and_a_group_of_one_name_are_a_warning),
		cmocka_unit_test(an_odd_priority_is_a_warning),
		cmocka_unit_test(more_hosts_than_the_limit_are_one_mistake),
		cmocka_unit_test(the_same_range_in_too_many_groups_is_one_mistake),
		cmocka_unit_test(ten_thousand_groups_in_a_row_are_no_trouble),
		cmocka_unit_test(every_name_of_a_large_range_is_found),
		cmocka_unit_test(an_empty_inventory_finds_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
