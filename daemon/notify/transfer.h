/* SPDX-License-Identifier: Apache-2.0 */
/* What every use of libcurl here has in common. */
#ifndef DAEMON_NOTIFY_TRANSFER_H
#define DAEMON_NOTIFY_TRANSFER_H

#include <curl/curl.h>

#include "daemon/notify/sink.h"

/* Before any thread uses libcurl, once or more often. 0 or -EIO. */
int transfer_prepare(void);

/* For sink_ops.open and close: the state is a CURL handle, which keeps connections. */
int transfer_open(const struct notify_sink *sink, void **state);
void transfer_close(void *state);

/*
 * Makes the handle new but for its connections: the sink's time limit, the attempt's
 * stop, these protocols alone ("https,http"), nothing from the environment; what comes
 * back is not kept.
 */
void transfer_begin(CURL *curl, const struct notify_sink *sink,
	struct sink_attempt *attempt, const char *protocols);

/* Trusts the certificates in a PEM file alone; NULL: the system's. After the former. */
void transfer_trust(CURL *curl, const char *ca_file);

/* SINK_DONE when the transfer went through (of an answer no more than 1 MiB needs to),
 * else why not is in the attempt. Answers of a server are the caller's to judge. */
enum sink_result transfer_run(CURL *curl, struct sink_attempt *attempt);

#endif
