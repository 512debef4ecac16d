/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/config/loaded.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/reachd-config-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_entry(
	const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void path_to(char *out, size_t size, const char *name)
{
	assert_true(snprintf(out, size, "%s/%s", folder, name) < (int)size);
}

static void make_file(const char *name, const char *text)
{
	char path[256];
	path_to(path, sizeof path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make_subfolder(const char *name)
{
	char path[256];
	path_to(path, sizeof path, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void load(struct loaded *loaded, const char *name)
{
	char path[256];
	path_to(path, sizeof path, name);
	*loaded = (struct loaded){0};
	conf_report_init(&loaded->report);
	loaded->rc = config_load(path, &loaded->report, &loaded->config);
	loaded_tell(loaded);
	if (loaded->rc < 0)
		assert_null(loaded->config);
}

static void load_good(struct loaded *loaded, const char *name)
{
	load(loaded, name);
	assert_string_equal(loaded->told, "");
	assert_int_equal(loaded->rc, 0);
}

static void load_refused(const char *name, size_t errors, const char *part)
{
	struct loaded loaded;
	load(&loaded, name);
	if (!strstr(loaded.told, part))
		assert_string_equal(loaded.told, part);
	assert_int_equal(loaded.report.errors, errors);
	assert_int_equal(loaded.rc, -EINVAL);
	loaded_fini(&loaded);
}

#define RULES "rules: [{name: n, to: all, check: tcp/443}]\n"

static void an_inventory_may_be_inline(void **state)
{
	(void)state;
	struct loaded loaded;
	make_file("r.yaml", "inventory: {all: {hosts: {h: }}}\n" RULES);
	load_good(&loaded, "r.yaml");
	assert_int_equal(loaded.config->inventory.n_hosts, 1);
	assert_int_equal(loaded.config->rules.count, 1);
	assert_non_null(strstr(loaded.config->path, "/r.yaml"));
	loaded_fini(&loaded);
}

static void an_inventory_may_be_one_path_beside_the_file(void **state)
{
	(void)state;
	struct loaded loaded;
	make_file("hosts.yaml", "all: {hosts: {h1: , h2: }}\n");
	make_file("r.yaml", "inventory: hosts.yaml\nstore: s.db\n" RULES);
	load_good(&loaded, "r.yaml");
	assert_int_equal(loaded.config->inventory.n_hosts, 2);
	assert_string_equal(conf_report_file(&loaded.report,
				    loaded.config->inventory.hosts[0].mark.file) +
				    strlen(folder),
		"/hosts.yaml");
	assert_string_equal(loaded.config->settings.store + strlen(folder), "/s.db");
	loaded_fini(&loaded);
}

static void an_absolute_path_is_taken_as_it_is(void **state)
{
	(void)state;
	struct loaded loaded;
	char text[512];
	make_file("hosts.yaml", "all: {hosts: {h1: }}\n");
	snprintf(text, sizeof text, "inventory: %s/hosts.yaml\n" RULES, folder);
	make_file("r.yaml", text);
	load_good(&loaded, "r.yaml");
	loaded_fini(&loaded);
}

static void patterns_add_files_in_the_order_of_their_names_each_once(void **state)
{
	(void)state;
	struct loaded loaded;
	make_subfolder("sites");
	make_file("sites/b.yaml", "all: {hosts: {b: {ansible_host: 192.0.2.2}, x: "
				  "{ansible_host: 192.0.2.2}}}\n");
	make_file(
		"sites/a.yaml", "all: {hosts: {a: , x: {ansible_host: 192.0.2.1}}}\n");
	make_file("sites/c.yml", "nonsense: [\n");
	make_file("r.yaml", "inventory: [sites/*.yaml, sites/a.yaml]\n" RULES);
	load_good(&loaded, "r.yaml");
	const struct inventory *inventory = &loaded.config->inventory;
	assert_int_equal(inventory->n_hosts, 3);
	assert_string_equal(inventory->hosts[0].name, "a");
	assert_string_equal(inventory->hosts[2].name, "b");
	/* a.yaml was not read again after b.yaml: the last value of x is b's. */
	assert_int_equal(inventory->hosts[1].addresses[0].bytes[3], 2);
	loaded_fini(&loaded);
}

static void a_pattern_passes_over_the_file_itself(void **state)
{
	(void)state;
	struct loaded loaded;
	make_file("r.yaml", "inventory: [\"[hr]*.yaml\"]\n" RULES);
	make_file("hosts.yaml", "all: {hosts: {h1: }}\n");
	load_good(&loaded, "r.yaml");
	assert_int_equal(loaded.config->inventory.n_hosts, 1);
	loaded_fini(&loaded);
}

static void wildcards_in_the_folders_name_are_no_wildcards(void **state)
{
	(void)state;
	struct loaded loaded;
	make_subfolder("a[1]*");
	make_file("a[1]*/r.yaml", "inventory: [h*.yaml]\n" RULES);
	make_file("a[1]*/hosts.yaml", "all: {hosts: {h1: }}\n");
	load_good(&loaded, "a[1]*/r.yaml");
	loaded_fini(&loaded);
}

static void what_can_not_be_read_is_a_mistake_where_it_is_named(void **state)
{
	(void)state;
	make_subfolder("empty");
	make_file("none.yaml", "");
	make_file("r.yaml", "inventory: [nowhere.yaml, empty/*.yaml, empty, none.yaml, "
			    "[x], \"\"]\n" RULES);
	load_refused("r.yaml", 6, "can't be read: No such file");
	load_refused("r.yaml", 6, "'empty/*.yaml' matches no file");
	load_refused("r.yaml", 6, "empty' is a folder");
	load_refused("r.yaml", 6, "empty/*.yaml'"); /* the help */
	load_refused("r.yaml", 6, "none.yaml: error: the inventory is empty");
	load_refused("r.yaml", 6, "found a list");
	load_refused("r.yaml", 6, "found nothing");
}

static void mistakes_in_an_included_file_name_that_file(void **state)
{
	(void)state;
	make_file("hosts.yaml", "all:\n  host: {h1: }\n");
	make_file("r.yaml", "inventory: hosts.yaml\nvantage: []\n"
			    "rules: [{name: n, to: web, check: dns, expect: x}]\n");
	load_refused("r.yaml", 3, "/hosts.yaml:2:3: error:");
	load_refused("r.yaml", 3, "/r.yaml:2:");
	load_refused("r.yaml", 3, "/r.yaml:3:");
}

static void an_inventory_is_required_and_has_hosts(void **state)
{
	(void)state;
	expect_refused(RULES, 1, "the key 'inventory' is missing");
	expect_refused("inventory:\n" RULES, 1, "the key 'inventory' is missing");
	expect_refused("inventory: {all: }\n" RULES, 2, "the inventory has no hosts");
}

static void a_file_that_is_an_inventory_is_told_so(void **state)
{
	(void)state;
	make_file("hosts.yaml", "all:\n  hosts: {h1: }\n");
	load_refused("hosts.yaml", 1, "an inventory, not a configuration");
}

static void empty_files_and_other_shapes_are_refused(void **state)
{
	(void)state;
	expect_refused("", 1, "the file is empty");
	expect_refused("# nothing\n", 1, "the file is empty");
	expect_refused("~\n", 1, "the file is empty");
	expect_refused("- a\n", 1, "not a list");
	expect_refused("text\n", 1, "not text");
	load_refused("missing.yaml", 1, "missing.yaml");
}

static void a_refused_file_leaves_out_alone(void **state)
{
	(void)state;
	struct conf_report report;
	struct config *config = NULL;
	conf_report_init(&report);
	assert_int_equal(config_parse("x", "a: [", 4, &report, &config), -EINVAL);
	assert_null(config);
	config_free(NULL);
	conf_report_fini(&report);
}

/* The tests run in tests/. */
static void the_example_is_good(void **state)
{
	(void)state;
	struct loaded loaded = {0};
	conf_report_init(&loaded.report);
	loaded.rc = config_load(
		"../config/examples/reachd.yaml", &loaded.report, &loaded.config);
	loaded_tell(&loaded);
	assert_string_equal(loaded.told, "");
	assert_int_equal(loaded.rc, 0);
	assert_int_equal(loaded.config->inventory.n_hosts, 254);
	assert_int_equal(loaded.config->rules.count, 5);
	assert_true(inventory_find_host(&loaded.config->inventory,
			    loaded.config->settings.vantage) >= 0);
	loaded_fini(&loaded);
}

int main(void)
{
#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		FILE_TEST(an_inventory_may_be_inline),
		FILE_TEST(an_inventory_may_be_one_path_beside_the_file),
		FILE_TEST(an_absolute_path_is_taken_as_it_is),
		FILE_TEST(patterns_add_files_in_the_order_of_their_names_each_once),
		FILE_TEST(a_pattern_passes_over_the_file_itself),
		FILE_TEST(wildcards_in_the_folders_name_are_no_wildcards),
		FILE_TEST(what_can_not_be_read_is_a_mistake_where_it_is_named),
		FILE_TEST(mistakes_in_an_included_file_name_that_file),
		FILE_TEST(a_file_that_is_an_inventory_is_told_so),
		FILE_TEST(empty_files_and_other_shapes_are_refused),
		cmocka_unit_test(an_inventory_is_required_and_has_hosts),
		cmocka_unit_test(a_refused_file_leaves_out_alone),
		cmocka_unit_test(the_example_is_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
