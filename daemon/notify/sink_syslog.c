/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A syslog server: RFC 5426 (UDP), RFC 6587 with octet counting (TCP), RFC 5425 (TLS).
 * None of them has a receipt. A connection is made for each message and ended by us,
 * and that the server then ends its half is the next best thing: it has read all there
 * was.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "daemon/notify/message.h"
#include "daemon/notify/payload.h"
#include "daemon/notify/transfer.h"

enum {
	/* RFC 5424, 6.1: what receivers should take; RFC 5425, 4.3.1: what they must.
	 */
	UDP_LIMIT = 2048,
	STREAM_LIMIT = 8192,
	FAREWELL_MS = 2000, /* how long a server may take to end its half */
	LOOK_MS = 100
};

/* ---- UDP --------------------------------------------------------------------- */

static enum sink_result send_datagram(const struct notify_syslog *to,
	const json_t *notice, struct sink_attempt *attempt)
{
	struct sockaddr_storage storage;
	struct net_address address;
	struct strbuf line;
	socklen_t length;
	int fd, rc = 0;

	if (!net_address_parse(to->host, &address))
		return sink_fail(attempt, "%s", strerror(EINVAL));
	length = net_address_to_sockaddr(&address, to->port, &storage);
	strbuf_init(&line);
	payload_syslog(&line, notice, to->facility, UDP_LIMIT);
	fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (line.failed)
		rc = ENOMEM;
	else if (fd < 0 || sendto(fd, line.text, line.length, 0,
				   (struct sockaddr *)&storage, length) < 0)
		rc = errno;
	if (fd >= 0)
		close(fd);
	strbuf_fini(&line);
	return rc ? sink_fail(attempt, "%s", strerror(rc)) : SINK_DONE;
}

/* ---- TCP and TLS ------------------------------------------------------------- */

static enum sink_result connect_stream(
	CURL *curl, const struct notify_sink *sink, struct sink_attempt *attempt)
{
	const struct notify_syslog *to = &sink->syslog;
	bool is_v6 = strchr(to->host, ':') != NULL;
	struct strbuf url;

	transfer_begin(curl, sink, attempt, "http,https");
	strbuf_init(&url);
	strbuf_addf(&url, "%s://%s%s%s:%u",
		to->transport == NOTIFY_TLS ? "https" : "http", is_v6 ? "[" : "",
		to->host, is_v6 ? "]" : "", to->port);
	if (!url.failed)
		curl_easy_setopt(curl, CURLOPT_URL, url.text);
	strbuf_fini(&url);
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
	transfer_trust(curl, to->ca_file);
	return transfer_run(curl, attempt);
}

/* Waits for the socket, a moment at most. */
static void wait_for(curl_socket_t fd, short events)
{
	struct pollfd item = {.fd = fd, .events = events};

	poll(&item, 1, LOOK_MS);
}

static bool goes_on(uint64_t end_us, const struct sink_attempt *attempt)
{
	return clock_monotonic_us() < end_us && !atomic_load(attempt->stop);
}

static CURLcode send_all(CURL *curl, curl_socket_t fd, const struct strbuf *frame,
	uint64_t end_us, const struct sink_attempt *attempt)
{
	CURLcode code = CURLE_AGAIN;
	size_t at = 0, sent;

	while (at < frame->length && goes_on(end_us, attempt)) {
		code = curl_easy_send(
			curl, frame->text + at, frame->length - at, &sent);
		if (code == CURLE_AGAIN)
			wait_for(fd, POLLOUT);
		else if (code == CURLE_OK)
			at += sent;
		else
			return code;
	}
	return at == frame->length ? CURLE_OK : CURLE_OPERATION_TIMEDOUT;
}

/* Reads until the server ends its half, whatever it says, or does not for a while.
 * False: it broke off, so that what was sent may not have been read. */
static bool ends_well(CURL *curl, curl_socket_t fd, const struct sink_attempt *attempt)
{
	uint64_t end_us = clock_monotonic_us() + FAREWELL_MS * UINT64_C(1000);
	char bytes[256];
	size_t got;

	while (goes_on(end_us, attempt)) {
		CURLcode code = curl_easy_recv(curl, bytes, sizeof bytes, &got);
		if (code == CURLE_AGAIN)
			wait_for(fd, POLLIN);
		else if (code != CURLE_OK)
			return false;
		else if (got == 0)
			return true;
	}
	return true;
}

static enum sink_result send_frame(CURL *curl, const struct notify_sink *sink,
	const struct strbuf *frame, struct sink_attempt *attempt)
{
	uint64_t end_us = clock_monotonic_us() + sink->timeout_ms * UINT64_C(1000);
	curl_socket_t fd = CURL_SOCKET_BAD;
	CURLcode code;

	if (connect_stream(curl, sink, attempt) != SINK_DONE)
		return SINK_FAILED;
	curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd);
	code = send_all(curl, fd, frame, end_us, attempt);
	if (code != CURLE_OK)
		return sink_fail(attempt, "%s", curl_easy_strerror(code));
	/* Half of TLS can't be ended; there the end of the handle says goodbye. */
	if (sink->syslog.transport == NOTIFY_TCP) {
		shutdown(fd, SHUT_WR);
		if (!ends_well(curl, fd, attempt))
			return sink_fail(attempt, "the server closed the connection");
	}
	return SINK_DONE;
}

static enum sink_result send_stream(const struct notify_sink *sink,
	const json_t *notice, struct sink_attempt *attempt)
{
	enum sink_result result;
	struct strbuf line, frame;
	CURL *curl = curl_easy_init();

	strbuf_init(&line);
	strbuf_init(&frame);
	payload_syslog(&line, notice, sink->syslog.facility, STREAM_LIMIT);
	strbuf_addf(&frame, "%zu ", line.length);
	strbuf_add(&frame, line.text, line.length);
	if (!curl || line.failed || frame.failed)
		result = sink_fail(attempt, "out of memory");
	else
		result = send_frame(curl, sink, &frame, attempt);
	curl_easy_cleanup(curl);
	strbuf_fini(&line);
	strbuf_fini(&frame);
	return result;
}

/* A message a notice. */
static enum sink_result deliver(
	const struct notify_sink *sink, void *state, struct sink_attempt *attempt)
{
	size_t count = message_count(attempt->message);
	enum sink_result result = SINK_DONE;

	(void)state;
	for (size_t i = 0; i < count && result == SINK_DONE; i++) {
		const json_t *notice = message_at(attempt->message, i);
		result = sink->syslog.transport == NOTIFY_UDP
				 ? send_datagram(&sink->syslog, notice, attempt)
				 : send_stream(sink, notice, attempt);
	}
	return result;
}

const struct sink_ops sink_syslog = {.deliver = deliver};
