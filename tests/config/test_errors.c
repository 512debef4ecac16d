/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said about bad files: errors/NAME.yaml must be refused with exactly the text
 * of errors/NAME.out. With REACHD_UPDATE_SNAPSHOTS set the texts are written instead:
 * read the difference before you commit it. Mistakes that need the kinds of checks are
 * in errors/plan/, for tests/cli.
 */
#include "tests/config/loaded.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

/* At least this many, lest a wrong working directory pass for success. */
#define LEAST 45

static void load(struct loaded *loaded, const char *path)
{
	*loaded = (struct loaded){0};
	conf_report_init(&loaded->report);
	loaded->rc = config_load(path, &loaded->report, &loaded->config);
	loaded_tell(loaded);
}

static char *read_text(const char *path)
{
	size_t size = 0;
	char *text = NULL;
	FILE *file = fopen(path, "r");
	if (!file)
		return NULL;
	FILE *copy = open_memstream(&text, &size);
	assert_non_null(copy);
	for (int c; (c = fgetc(file)) != EOF;)
		fputc(c, copy);
	fclose(file);
	assert_int_equal(fclose(copy), 0);
	return text;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static bool compare(const char *path, const char *told)
{
	char out[256];
	size_t stem = strlen(path) - strlen(".yaml");
	assert_true(snprintf(out, sizeof out, "%.*s.out", (int)stem, path) <
		    (int)sizeof out);
	if (getenv("REACHD_UPDATE_SNAPSHOTS"))
		write_text(out, told);
	char *wanted = read_text(out);
	bool same = wanted && strcmp(wanted, told) == 0;
	if (!same)
		print_error("---- %s wants:\n%s---- and is told:\n%s", path,
			wanted ? wanted : "(no .out file)\n", told);
	free(wanted);
	return same;
}

static void every_bad_file_is_told_as_promised(void **state)
{
	(void)state;
	glob_t found;
	size_t different = 0;
	assert_int_equal(glob("errors/*.yaml", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= LEAST);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct loaded loaded;
		load(&loaded, found.gl_pathv[i]);
		if (loaded.rc != -EINVAL || loaded.report.errors == 0) {
			print_error("%s was not refused\n", found.gl_pathv[i]);
			different++;
		}
		different += !compare(found.gl_pathv[i], loaded.told);
		loaded_fini(&loaded);
	}
	globfree(&found);
	assert_int_equal(different, 0);
}

/* ---- files that are better not kept in the repository ------------------------ */

static char path[64];

static int make_file(void **state)
{
	(void)state;
	strcpy(path, "/tmp/reachd-errors-XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void refused(const char *part)
{
	struct loaded loaded;
	load(&loaded, path);
	if (!strstr(loaded.told, part))
		assert_string_equal(loaded.told, part);
	assert_int_equal(loaded.rc, -EINVAL);
	assert_int_equal(loaded.report.errors, 1);
	assert_true(strlen(loaded.told) < 1000);
	loaded_fini(&loaded);
}

static void fill(const char *text, size_t times)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	for (size_t i = 0; i < times; i++)
		assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void a_folder_is_no_file(void **state)
{
	(void)state;
	strcpy(path, "/tmp");
	refused("/tmp: error:");
}

static void a_file_that_is_not_there_is_told(void **state)
{
	(void)state;
	strcpy(path, "errors/no-such-file.yaml");
	refused("No such file");
}

static void a_file_of_64_mb_of_brackets_meets_the_depth_limit(void **state)
{
	(void)state;
	fill("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 64u << 15);
	refused("64");
}

static void a_file_of_64_mb_of_indentation_meets_the_depth_limit(void **state)
{
	(void)state;
	fill("- - - - - - - - - - - - - - - - ", 64u << 15);
	refused("64");
}

static void a_file_over_the_size_limit_is_refused_unread(void **state)
{
	(void)state;
	assert_int_equal(truncate(path, (off_t)CONF_MAX_FILE + 1), 0);
	refused("256");
}

static void more_mistakes_than_are_kept_are_counted(void **state)
{
	(void)state;
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("inventory: {web: {hosts: {w1: }}}\n"
	      "rules: [{name: web, to: web, check: tcp/443}]\n",
		file);
	for (int i = 0; i < 150; i++)
		fprintf(file, "nonsense%d: 1\n", i);
	assert_int_equal(fclose(file), 0);
	struct loaded loaded;
	load(&loaded, path);
	assert_int_equal(loaded.report.errors, 150);
	assert_non_null(strstr(loaded.told, "50 "));
	assert_null(strstr(loaded.told, "nonsense149"));
	loaded_fini(&loaded);
}

int main(void)
{
#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_file, remove_file)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bad_file_is_told_as_promised),
		cmocka_unit_test(a_folder_is_no_file),
		cmocka_unit_test(a_file_that_is_not_there_is_told),
		FILE_TEST(a_file_of_64_mb_of_brackets_meets_the_depth_limit),
		FILE_TEST(a_file_of_64_mb_of_indentation_meets_the_depth_limit),
		FILE_TEST(a_file_over_the_size_limit_is_refused_unread),
		FILE_TEST(more_mistakes_than_are_kept_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
