/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of this machine: an entry a notice, with fields to search by. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/notify/message.h"
#include "daemon/notify/payload.h"
#include "daemon/notify/sink.h"

static int send_entry(const char *path, const json_t *notice, bool whole)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	struct strbuf entry;
	int fd, rc;

	if (length >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, length + 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	strbuf_init(&entry);
	payload_journal(&entry, notice, whole);
	if (entry.failed)
		rc = -ENOMEM;
	else
		rc = sendto(fd, entry.text, entry.length, 0,
			     (struct sockaddr *)&address, sizeof address) < 0
			     ? -errno
			     : 0;
	strbuf_fini(&entry);
	close(fd);
	return rc;
}

static enum sink_result deliver(
	const struct notify_sink *sink, void *state, struct sink_attempt *attempt)
{
	size_t count = message_count(attempt->message);
	int rc = 0;

	(void)state;
	for (size_t i = 0; i < count && rc == 0; i++) {
		const json_t *notice = message_at(attempt->message, i);
		rc = send_entry(sink->journald, notice, true);
		/* Larger than a datagram may be: all but the JSON is small. */
		if (rc == -EMSGSIZE || rc == -ENOBUFS)
			rc = send_entry(sink->journald, notice, false);
	}
	return rc < 0 ? sink_fail(attempt, "%.100s: %s", sink->journald, strerror(-rc))
		      : SINK_DONE;
}

const struct sink_ops sink_journald = {.deliver = deliver};
