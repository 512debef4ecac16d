/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/size.h"
#include "base/strbuf.h"
#include "base/zone.h"

/* ---- a file made by hand: +1 h until 1000, then +2 h until 2000, then +1 h ---------
 */

static void add_u32(struct strbuf *out, uint32_t value)
{
	char bytes[] = {(char)(value >> 24), (char)(value >> 16), (char)(value >> 8),
		(char)value};
	strbuf_add(out, bytes, sizeof bytes);
}

static void add_header(struct strbuf *out, char version, uint32_t leaps, uint32_t times,
	uint32_t types)
{
	char reserved[15] = {0};
	strbuf_adds(out, "TZif");
	strbuf_add(out, &version, 1);
	strbuf_add(out, reserved, sizeof reserved);
	add_u32(out, 0);
	add_u32(out, 0);
	add_u32(out, leaps);
	add_u32(out, times);
	add_u32(out, types);
	add_u32(out, 4);
}

static void add_type(struct strbuf *out, int32_t offset, char summer)
{
	char rest[] = {summer, 0};
	add_u32(out, (uint32_t)offset);
	strbuf_add(out, rest, sizeof rest);
}

/* What may be wrong with it. */
struct made {
	char version;
	uint32_t leaps;
	uint32_t second; /* of the second change; 2000 is right */
	char type;       /* of the second change; 0 or 1 is right */
	int32_t offset;  /* of the first type */
	const char *footer;
};

static const struct made right = {'2', 0, 2000, 0, 3600, "\nCET-1\n"};

static void make(struct strbuf *out, const struct made *made)
{
	char types[] = {1, made->type};
	strbuf_init(out);
	add_header(out, made->version, 0, 0, 1);
	add_type(out, 0, 0);
	strbuf_add(out, "UTC", 4);
	add_header(out, made->version, made->leaps, 2, 2);
	add_u32(out, 0);
	add_u32(out, 1000);
	add_u32(out, 0);
	add_u32(out, made->second);
	strbuf_add(out, types, sizeof types);
	add_type(out, made->offset, 0);
	add_type(out, 7200, 1);
	strbuf_add(out, "CET", 4);
	strbuf_adds(out, made->footer);
	assert_false(out->failed);
}

static int parse(const struct made *made, struct arena *arena, struct zone **out)
{
	struct strbuf bytes;
	make(&bytes, made);
	int rc = zone_parse(bytes.text, bytes.length, arena, out);
	strbuf_fini(&bytes);
	return rc;
}

static void offsets_follow_the_steps(void **state)
{
	(void)state;
	struct arena arena;
	struct zone *zone;
	arena_init(&arena, 0);
	assert_int_equal(parse(&right, &arena, &zone), 0);
	assert_int_equal(zone_offset_s(zone, -5), 3600);
	assert_int_equal(zone_offset_s(zone, 999), 3600);
	assert_int_equal(zone_offset_s(zone, 1000), 7200);
	assert_int_equal(zone_offset_s(zone, 1999), 7200);
	assert_int_equal(zone_offset_s(zone, 2000), 3600);
	assert_int_equal(zone_local_s(zone, 1500), 8700);
	arena_fini(&arena);
}

static void after_the_last_step_the_rule_holds_or_the_last_step(void **state)
{
	(void)state;
	struct made made = right;
	struct arena arena;
	struct zone *zone;
	arena_init(&arena, 0);
	made.footer = "\nXXX-3\n";
	assert_int_equal(parse(&made, &arena, &zone), 0);
	assert_int_equal(zone_offset_s(zone, 1999), 7200);
	assert_int_equal(zone_offset_s(zone, 2000), 10800);
	made.footer = "\n\n";
	assert_int_equal(parse(&made, &arena, &zone), 0);
	assert_int_equal(zone_offset_s(zone, 1 << 30), 3600);
	arena_fini(&arena);
}

static void what_is_wrong_is_refused(void **state)
{
	(void)state;
	struct made cases[] = {right, right, right, right, right, right, right, right};
	struct arena arena;
	struct zone *zone = NULL;
	cases[0].version = '\0'; /* version 1 ends in 2038 and has no rule */
	cases[1].leaps = 1;
	cases[2].second = 1000; /* not later than the first */
	cases[3].type = 2;      /* there are two */
	cases[4].offset = 27 * 3600;
	cases[5].footer = "\nCET-1"; /* no end */
	cases[6].footer = "\nnonsense\n";
	cases[7].footer = "";
	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(parse(&cases[i], &arena, &zone), -EINVAL);
	assert_null(zone);
	arena_fini(&arena);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
	(void)state;
	struct arena arena;
	struct strbuf bytes;
	struct zone *zone;
	arena_init(&arena, 0);
	make(&bytes, &right);
	for (size_t size = 0; size < bytes.length; size++) {
		char *cut = malloc(size + 1); /* its end is where memory ends */
		assert_non_null(cut);
		memcpy(cut, bytes.text, size);
		assert_int_equal(zone_parse(cut, size, &arena, &zone), -EINVAL);
		free(cut);
	}
	strbuf_fini(&bytes);
	arena_fini(&arena);
}

/* ---- the system's zones -----------------------------------------------------------
 */

/* Every quarter of an hour around each change, and a few in between. */
static void compare(const char *name)
{
	struct arena arena;
	struct zone *zone;
	arena_init(&arena, 0);
	if (zone_load(name, &arena, &zone) < 0)
		fail_msg("%s: is tzdata installed?", name);
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
	for (int64_t t = INT64_C(-2208988800); t < INT64_C(4102444800); t += 9900) {
		time_t seconds = (time_t)t;
		struct tm tm;
		assert_non_null(localtime_r(&seconds, &tm));
		if (zone_offset_s(zone, t) != tm.tm_gmtoff)
			fail_msg("%s at %lld: %d, and the C library says %ld", name,
				(long long)t, (int)zone_offset_s(zone, t),
				tm.tm_gmtoff);
	}
	arena_fini(&arena);
}

static void zones_of_the_system_are_what_the_c_library_makes_of_them(void **state)
{
	(void)state;
	static const char *const names[] = {"Europe/Berlin", "Europe/Dublin",
		"America/New_York", "America/St_Johns", "Australia/Lord_Howe",
		"Africa/Casablanca", "Asia/Kolkata", "Pacific/Apia", "Antarctica/Troll",
		"America/Nuuk", "Etc/GMT+5", "UTC"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		compare(names[i]);
}

static void names_stay_inside_the_folder_of_zones(void **state)
{
	(void)state;
	static const char *const names[] = {"", "/etc/localtime", "../zoneinfo/UTC",
		"Europe/./Berlin", "Europe", "Europe/Berlin/x", "Europe/Nowhere",
		"zone.tab", "Europe/Berlin ", "Mars"};
	struct arena arena;
	struct zone *zone;
	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (zone_load(names[i], &arena, &zone) != -ENOENT)
			fail_msg("'%s' was found", names[i]);
	arena_fini(&arena);
}

static void no_name_is_the_machines_own(void **state)
{
	(void)state;
	struct arena arena;
	struct zone *zone;
	time_t now = time(NULL);
	struct tm tm;
	arena_init(&arena, 0);
	assert_int_equal(zone_load(NULL, &arena, &zone), 0);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
	assert_non_null(localtime_r(&now, &tm));
	assert_int_equal(zone_offset_s(zone, now), tm.tm_gmtoff);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_follow_the_steps),
		cmocka_unit_test(after_the_last_step_the_rule_holds_or_the_last_step),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(a_file_cut_anywhere_is_refused),
		cmocka_unit_test(
			zones_of_the_system_are_what_the_c_library_makes_of_them),
		cmocka_unit_test(names_stay_inside_the_folder_of_zones),
		cmocka_unit_test(no_name_is_the_machines_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
