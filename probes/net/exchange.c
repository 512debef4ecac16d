/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/exchange.h"

#include <stdio.h>

#include "base/ports.h"
#include "base/size.h"

bool exchange_parse(const char *argument, uint16_t port, void *conf, char *canonical,
	size_t size, const char **error)
{
	uint16_t *given = &((struct exchange_conf *)conf)->port;

	*given = port;
	if (argument && !port_parse(argument, given)) {
		*error = "the port must be a number from 1 to 65535";
		return false;
	}
	canonical[0] = '\0';
	if (*given != port)
		snprintf(canonical, size, "%u", (unsigned)*given);
	return true;
}

uint16_t exchange_port(const void *conf)
{
	return ((const struct exchange_conf *)conf)->port;
}

struct exchange *exchange_of(struct probe_run *run)
{
	return CONTAINER_OF(run, struct exchange, run);
}

int exchange_open(struct exchange *exchange, const struct stream_ops *ops)
{
	struct probe_run *run = &exchange->run;
	const struct exchange_conf *conf = run->spec.conf;

	run->phase = PHASE_CONNECT;
	return stream_open(&exchange->stream, run, ops, conf->port);
}

void exchange_ask(struct exchange *exchange, enum probe_phase phase,
	const char *question, const uint8_t *bytes, size_t size)
{
	struct probe_run *run = &exchange->run;
	const struct exchange_conf *conf = run->spec.conf;

	probe_run_tell(run, PHASE_CONNECT, "port %u accepts after %u us", conf->port,
		exchange->stream.rtt_us);
	run->phase = phase;
	probe_run_tell(run, phase, "%s", question);
	stream_send(&exchange->stream, bytes, size);
}

void exchange_settle(struct exchange *exchange, enum probe_state state,
	enum probe_reason reason, json_t *evidence)
{
	struct probe_run *run = &exchange->run;

	run->result.rtt_us = exchange->stream.rtt_us;
	/* No memory: no evidence. */
	run->result.evidence = evidence ? json_dumps(evidence, JSON_COMPACT) : NULL;
	json_decref(evidence);
	probe_run_settle(run, state, reason, run->phase);
}

void exchange_ended(struct stream *stream, enum stream_end end)
{
	exchange_settle(
		exchange_of(stream->run), STATE_FAILED, stream_end_reason(end), NULL);
}

void exchange_expired(struct probe_run *run)
{
	stream_expired(&exchange_of(run)->stream);
}

void exchange_fini(struct probe_run *run)
{
	stream_fini(&exchange_of(run)->stream);
}
