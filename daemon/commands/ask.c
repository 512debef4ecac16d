/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/commands/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/run/control.h"

#define ANSWER_SIZE 4096

/* A descriptor, or a negative errno. */
static int open_socket(const char *store)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(
		address.sun_path, sizeof address.sun_path, "%s" CONTROL_SUFFIX, store);
	int fd, rc;

	if (length >= (int)sizeof address.sun_path)
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int send_word(int fd, const char *word)
{
	char line[64];
	int length = snprintf(line, sizeof line, "{\"ask\":\"%s\"}\n", word);

	return send(fd, line, (size_t)length, MSG_NOSIGNAL) == length ? 0 : -EPIPE;
}

/* Until the daemon has said a line, or is gone. */
static int read_answer(int fd, json_t **answer)
{
	char text[ANSWER_SIZE];
	size_t used = 0;
	ssize_t n;

	do {
		n = read(fd, text + used, sizeof text - used);
		if (n < 0 && errno != EINTR)
			return -errno;
		used += n > 0 ? (size_t)n : 0;
	} while (n != 0 && used < sizeof text && !memchr(text, '\n', used));
	*answer = json_loadb(text, used, JSON_REJECT_DUPLICATES, NULL);
	return *answer ? 0 : -EPIPE;
}

static int ask(const char *store, const char *word, json_t **answer)
{
	int fd = open_socket(store);
	int rc;

	if (fd == -ENOENT || fd == -ECONNREFUSED) {
		log_error("no 'reachd run' uses the store %s", store);
		return fd;
	}
	if (fd < 0) {
		log_error("%s" CONTROL_SUFFIX ": %s", store, strerror(-fd));
		return fd;
	}
	rc = send_word(fd, word);
	if (rc == 0)
		rc = read_answer(fd, answer);
	if (rc < 0)
		log_error("the daemon ended before it answered");
	close(fd);
	return rc;
}

int ask_daemon(struct common_options *options, const char *word, json_t **answer)
{
	char *store = options_store_path(options);
	int rc;

	if (!store)
		return STATUS_USAGE;
	rc = ask(store, word, answer);
	free(store);
	return rc < 0 ? STATUS_TROUBLE : STATUS_PASS;
}
