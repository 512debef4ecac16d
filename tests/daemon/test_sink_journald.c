/* SPDX-License-Identifier: Apache-2.0 */
/* Entries, as a journal's socket gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/notify/sink.h"

static char folder[] = "/tmp/reachd-journal-XXXXXX";
static struct sockaddr_un journal = {.sun_family = AF_UNIX};

/* Has the sink deliver a notice with so much text in it; what arrives. */
static char *deliver(size_t size)
{
	static const atomic_bool never;
	struct notify_sink sink = {
		.name = "j", .kind = NOTIFY_JOURNALD, .journald = journal.sun_path};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char *text = calloc(1, size + 1), *entry = calloc(1, 4 << 20);
	struct sink_attempt attempt = {.stop = &never};
	json_t *message;

	assert_true(fd >= 0);
	assert_non_null(text);
	assert_non_null(entry);
	assert_int_equal(bind(fd, (struct sockaddr *)&journal, sizeof journal), 0);
	memset(text, 'x', size);
	message = json_pack("{s:s, s:s}", "summary", "s", "more", text);
	attempt.message = message;
	assert_int_equal(sink_try(&sink, &attempt), SINK_DONE);
	assert_true(recv(fd, entry, (4 << 20) - 1, MSG_DONTWAIT) > 0);
	assert_int_equal(recv(fd, text, 1, MSG_DONTWAIT), -1);
	json_decref(message);
	free(text);
	close(fd);
	unlink(journal.sun_path);
	return entry;
}

static void an_entry_has_the_notice_as_json(void **state)
{
	char *entry = deliver(10);

	(void)state;
	assert_non_null(strstr(entry, "MESSAGE=s\n"));
	assert_non_null(strstr(entry, "REACHD_JSON={\"summary\":\"s\""));
	free(entry);
}

/* More than a datagram may hold. */
static void without_its_json_where_that_is_too_large(void **state)
{
	char *entry = deliver(3 << 20);

	(void)state;
	assert_non_null(strstr(entry, "MESSAGE=s\n"));
	assert_null(strstr(entry, "REACHD_JSON"));
	free(entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_has_the_notice_as_json),
		cmocka_unit_test(without_its_json_where_that_is_too_large),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(journal.sun_path, sizeof journal.sun_path, "%s/socket", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
