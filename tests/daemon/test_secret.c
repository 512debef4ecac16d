/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/notify/secret.h"

static char path[64];
static char error[240];

static void write_file(const char *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static int read_from(const char *file, const char *env, struct secret *out)
{
	struct notify_secret from = {file, env};

	error[0] = '\0';
	return secret_read(&from, out, error, sizeof error);
}

static void is_the_line_without_its_end(void **state)
{
	struct secret secret;

	(void)state;
	write_file("s3 cret \r\n", 10);
	assert_int_equal(read_from(path, NULL, &secret), 0);
	assert_string_equal(secret.text, "s3 cret");
	assert_int_equal(secret.length, 7);
	setenv("REACHD_TEST_SECRET", "abc", 1);
	assert_int_equal(read_from(NULL, "REACHD_TEST_SECRET", &secret), 0);
	assert_string_equal(secret.text, "abc");
	secret_fini(&secret);
	assert_string_equal(secret.text, "");
}

static void none_is_configured(void **state)
{
	struct secret secret;

	(void)state;
	assert_int_equal(read_from(NULL, NULL, &secret), 0);
	assert_int_equal(secret.length, 0);
}

static void refuse(const char *bytes, size_t size)
{
	struct secret secret;

	write_file(bytes, size);
	assert_int_equal(read_from(path, NULL, &secret), -EINVAL);
	assert_non_null(strstr(error, "it must be one line of 1 to 4096 bytes"));
	assert_null(strstr(error, "hush"));
	secret_fini(&secret);
}

static void what_is_no_line_is_refused_and_not_told(void **state)
{
	static char big[SECRET_MAX + 2];

	(void)state;
	refuse("", 0);
	refuse(" \n\n", 3);
	refuse("hush\nhush", 9);
	refuse("hush\0hush", 9);
	memset(big, 'x', sizeof big);
	refuse(big, SECRET_MAX + 1);
	refuse(big, SECRET_MAX + 2);
}

static void the_longest_is_read_whole(void **state)
{
	static char big[SECRET_MAX];
	struct secret secret;

	(void)state;
	memset(big, 'x', sizeof big);
	write_file(big, sizeof big);
	assert_int_equal(read_from(path, NULL, &secret), 0);
	assert_int_equal(secret.length, SECRET_MAX);
	assert_int_equal(strlen(secret.text), SECRET_MAX);
}

/* Nobody writes to it, and a delivery must not wait for that. */
static void a_pipe_does_not_hold_us_up(void **state)
{
	struct secret secret;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(30);
	assert_int_equal(read_from(path, NULL, &secret), -EINVAL);
	alarm(0);
}

static void what_is_missing_is_told_by_name(void **state)
{
	struct secret secret;

	(void)state;
	assert_int_equal(read_from("/nowhere/key", NULL, &secret), -ENOENT);
	assert_string_equal(error,
		"the secret in file /nowhere/key can't be used: No such file or "
		"directory");
	assert_int_equal(read_from(NULL, "REACHD_TEST_NONE", &secret), -ENOENT);
	assert_non_null(strstr(error, "variable REACHD_TEST_NONE"));
	assert_int_equal(read_from("/tmp", NULL, &secret), -EISDIR);
}

static void check_signature(
	const char *key, size_t key_length, const char *body, const char *wanted)
{
	char text[SECRET_SIGNATURE];

	assert_int_equal(secret_sign(key, key_length, body, strlen(body), text), 0);
	assert_string_equal(text, wanted);
}

/* RFC 4231, test cases 1, 2 and 6. */
static void the_vectors_of_rfc_4231_hold(void **state)
{
	char ones[20], big[131];

	(void)state;
	memset(ones, 0x0b, sizeof ones);
	memset(big, 0xaa, sizeof big);
	check_signature(ones, sizeof ones, "Hi There",
		"sha256="
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	check_signature("Jefe", 4, "what do ya want for nothing?",
		"sha256="
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	check_signature(big, sizeof big,
		"Test Using Larger Than Block-Size Key - Hash Key First",
		"sha256="
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static int make_path(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/reachd-secret-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_line_without_its_end),
		cmocka_unit_test(none_is_configured),
		cmocka_unit_test(what_is_no_line_is_refused_and_not_told),
		cmocka_unit_test(the_longest_is_read_whole),
		cmocka_unit_test(what_is_missing_is_told_by_name),
		cmocka_unit_test(a_pipe_does_not_hold_us_up),
		cmocka_unit_test(the_vectors_of_rfc_4231_hold),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
