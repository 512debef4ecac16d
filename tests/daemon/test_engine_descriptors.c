/* SPDX-License-Identifier: Apache-2.0 */
/* The engine where descriptors are few: in children, whose limits are lowered for good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os/os.h"
#include "base/ports.h"
#include "probes/registry.h"
#include "tests/support/fleet.h"
#include "tests/support/notes.h"

enum {
	NOT_LOWERED = 77,
	FAR_ABOVE = 200, /* a limit under which nothing is open from here on */
};

static void run_in_a_child(int (*body)(void), rlim_t descriptors)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit limit = {descriptors, descriptors};
		if (descriptors != RLIM_INFINITY &&
			setrlimit(RLIMIT_NOFILE, &limit) < 0)
			_exit(errno == EPERM ? NOT_LOWERED : 99);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	/* valgrind has a hard limit of its own and lets no one touch it */
	if (WEXITSTATUS(status) != NOT_LOWERED)
		assert_int_equal(WEXITSTATUS(status), 0);
}

/* Many more sweeps than descriptors: those that are open must not starve each other.
 * Nobody listens on port 1 or 2 of loopback's outer addresses. */
static int sweep_with_few(void)
{
	struct port_set ports;
	const char *error;
	struct fleet fleet;
	int rc = 0;

	if (!ports_parse("1-300", &ports, &error))
		return 1;
	fleet_init(&fleet, 100, 1);
	fleet_check(&fleet, 0, "sweep/1-300", &sweep_probe_ops, &ports);
	fleet.options.patience_ms = 2000;
	fleet.options.per_host = 128;
	fleet.options.concurrency = 1024;
	/* so slow that every sweep waits for tokens and lets others begin */
	fleet.options.rate_per_hour = UINT64_C(20000) * 3600;
	if (fleet_run(&fleet) != 0)
		rc = 2;
	for (uint32_t h = 0; h < 100 && rc == 0; h++)
		if (fleet_result(&fleet, h, 0)->state == STATE_ERROR)
			rc = 3;
	fleet_fini(&fleet);
	return rc;
}

static void sweeps_do_not_take_the_descriptors_of_their_connections(void **state)
{
	(void)state;
	run_in_a_child(sweep_with_few, 64);
	run_in_a_child(sweep_with_few, 40);
	run_in_a_child(sweep_with_few, 24);
}

/* What is kept for other things must not be all there is. */
static int scan_with_a_reserve(void)
{
	static const struct batch_conf conf = {20};
	struct rlimit limit;
	struct fleet fleet;
	int rc = 0;

	notes_forget(NULL);
	limit.rlim_cur = limit.rlim_max = os_count_descriptors() + 24;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return NOT_LOWERED;
	fleet_init(&fleet, 50, 2);
	fleet_check(&fleet, 0, "slow", &kind_slow, NULL);
	fleet_check(&fleet, 1, "slow", &kind_slow, NULL);
	if (fleet_run(&fleet) != 0)
		rc = 1;
	else if (notes.most_in_all != 12)
		rc = 2;
	fleet_fini(&fleet);
	if (rc != 0)
		return rc;
	/* A paced run has a descriptor beside those of its connections. */
	notes_forget(NULL);
	fleet_init(&fleet, 50, 1);
	fleet_check(&fleet, 0, "batch", &kind_batch, &conf);
	if (fleet_run(&fleet) != 0)
		rc = 3;
	else if (notes.most_in_all > 6 || notes.most_in_all < 3)
		rc = 4;
	fleet_fini(&fleet);
	return rc;
}

static void half_of_few_descriptors_are_for_connections(void **state)
{
	(void)state;
	run_in_a_child(scan_with_a_reserve, RLIM_INFINITY);
}

/* libuv aborts the process where it can't have its pipe. */
static int scan_with_none(void)
{
	struct fleet fleet;
	int rc = 0, fds[FAR_ABOVE], count = 0;

	fleet_init(&fleet, 1, 1);
	fleet_check(&fleet, 0, "sweep/1", &sweep_probe_ops, NULL);
	while (count < FAR_ABOVE && (fds[count] = dup(2)) >= 0)
		count++;
	close(STDERR_FILENO); /* what it has to say is no news to who reads this */
	for (int spare = 0; spare < 9 && rc == 0; spare++) {
		if (fleet_run(&fleet) != -EMFILE)
			rc = 1;
		close(fds[--count]);
	}
	while (count > 0)
		close(fds[--count]);
	fleet_fini(&fleet);
	return rc;
}

static void says_so_where_there_are_too_few_for_a_loop(void **state)
{
	(void)state;
	run_in_a_child(scan_with_none, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			sweeps_do_not_take_the_descriptors_of_their_connections),
		cmocka_unit_test(half_of_few_descriptors_are_for_connections),
		cmocka_unit_test(says_so_where_there_are_too_few_for_a_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
