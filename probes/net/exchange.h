/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kinds KIND[/PORT] have in common that ask one question over TCP and judge the
 * answer: the port and its default, the connection, the ways in which a peer gives no
 * answer. A kind brings the question, a reader of answers, and its verdicts.
 */
#ifndef PROBES_EXCHANGE_H
#define PROBES_EXCHANGE_H

#include <jansson.h>

#include "probes/net/stream.h"

struct exchange_conf {
	uint16_t port;
};

struct exchange {
	struct probe_run run; /* first */
	struct stream stream;
};

/*
 * Reads PORT into a struct exchange_conf; without an argument `port` is meant, whose
 * canonical form is "". For ops->parse.
 */
bool exchange_parse(const char *argument, uint16_t port, void *conf, char *canonical,
	size_t size, const char **error);

/* For ops->port. */
uint16_t exchange_port(const void *conf);

/* The exchange that the run is the first member of. */
struct exchange *exchange_of(struct probe_run *run);

/*
 * Connects in phase `connect`. ops->refused and ops->ended may be
 * stream_settle_refused(), which has connect trouble as tcp/PORT does, and
 * exchange_ended(). Negative: a libuv code of a local call.
 */
int exchange_open(struct exchange *exchange, const struct stream_ops *ops);

/* For ops->connected: enters the phase and sends; what is asked is told to who watches.
 */
void exchange_ask(struct exchange *exchange, enum probe_phase phase,
	const char *question, const uint8_t *bytes, size_t size);

/* For the stream's ops: no answer, as failed. */
void exchange_ended(struct stream *stream, enum stream_end end);

/*
 * The verdict on an answer, in the phase the run is in, with the handshake's time.
 * Takes `evidence`: an object, or NULL for none.
 */
void exchange_settle(struct exchange *exchange, enum probe_state state,
	enum probe_reason reason, json_t *evidence);

/* For struct probe_ops. */
void exchange_expired(struct probe_run *run);
void exchange_fini(struct probe_run *run);

#endif
