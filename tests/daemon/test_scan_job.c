/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the watchdog is fed while a scan runs, against a clock that is told what time
 * it is. That loops which wait still turn: test_engine_threads.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/run/scan_job.h"

#define SECOND UINT64_C(1000000)
#define DAY (86400 * SECOND)

static void begin(struct scan_job *job, uint64_t now_us)
{
	job->running = true;
	scan_job_show_life(job, now_us);
}

static void is_not_well_after_five_minutes_of_silence(void **state)
{
	struct scan_job job = {0};

	(void)state;
	begin(&job, DAY);
	assert_true(scan_job_is_well(&job, DAY));
	assert_true(scan_job_is_well(&job, DAY + 299 * SECOND));
	assert_false(scan_job_is_well(&job, DAY + 300 * SECOND));
	assert_false(scan_job_is_well(&job, 2 * DAY));
}

static void is_well_as_long_as_it_goes_on(void **state)
{
	struct scan_job job = {0};
	uint64_t now_us = DAY;

	(void)state;
	for (begin(&job, now_us); now_us < 8 * DAY; now_us += 200 * SECOND) {
		assert_true(scan_job_is_well(&job, now_us));
		scan_job_show_life(&job, now_us);
	}
}

static void is_well_again_after_a_late_sign(void **state)
{
	struct scan_job job = {0};

	(void)state;
	begin(&job, DAY);
	assert_false(scan_job_is_well(&job, DAY + 301 * SECOND));
	scan_job_show_life(&job, DAY + 302 * SECOND);
	assert_true(scan_job_is_well(&job, DAY + 303 * SECOND));
}

static void is_well_when_none_runs_however_long(void **state)
{
	struct scan_job job = {0};

	(void)state;
	begin(&job, DAY);
	job.running = false;
	assert_true(scan_job_is_well(&job, 30 * DAY));
}

static void a_sign_may_be_newer_than_now(void **state)
{
	struct scan_job job = {0};

	(void)state;
	begin(&job, DAY + 1);
	assert_true(scan_job_is_well(&job, DAY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_not_well_after_five_minutes_of_silence),
		cmocka_unit_test(is_well_as_long_as_it_goes_on),
		cmocka_unit_test(is_well_again_after_a_late_sign),
		cmocka_unit_test(is_well_when_none_runs_however_long),
		cmocka_unit_test(a_sign_may_be_newer_than_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
