/* SPDX-License-Identifier: Apache-2.0 */
/* rdp[/PORT]: does a Remote Desktop listener negotiate, and what does it choose? */
#include "probes/net/exchange.h"
#include "probes/rdp/x224.h"
#include "probes/registry.h"

enum {
	RDP_PORT = 3389,
	OFFERED = X224_TLS | X224_HYBRID | X224_HYBRID_EX,
};

static bool rdp_parse(const char *argument, const struct probe_vocabulary *vocabulary,
	void *conf, char *canonical, size_t size, const char **error)
{
	(void)vocabulary;
	return exchange_parse(argument, RDP_PORT, conf, canonical, size, error);
}

static json_t *flags_json(uint8_t flags)
{
	json_t *list = json_array();

	for (unsigned bit = 0; bit < 8; bit++)
		if ((flags & 1u << bit) && x224_flag_word(bit))
			json_array_append_new(list, json_string(x224_flag_word(bit)));
	return list;
}

static json_t *evidence(const struct x224_answer *answer)
{
	json_t *root = json_object();

	if (answer->kind == X224_FAILED) {
		const char *word = x224_failure_word(answer->value);
		json_object_set_new(
			root, "failure", json_string(word ? word : "unknown"));
		json_object_set_new(root, "code", json_integer(answer->value));
	} else {
		json_object_set_new(root, "protocol",
			json_string(x224_protocol_word(answer->value)));
		json_object_set_new(root, "flags", flags_json(answer->flags));
	}
	return root;
}

static void on_connected(struct stream *stream)
{
	uint8_t request[X224_REQUEST_SIZE];

	x224_write_request(request, OFFERED);
	exchange_ask(exchange_of(stream->run), PHASE_RDP,
		"offers TLS, CredSSP and CredSSP with early authorization", request,
		sizeof request);
}

static size_t on_received(struct stream *stream, const uint8_t *data, size_t size)
{
	struct exchange *exchange = exchange_of(stream->run);
	struct x224_answer answer;

	ssize_t used = x224_read_confirm(data, size, &answer);
	if (used == 0)
		return 0;
	if (used < 0)
		exchange_settle(exchange, STATE_FAILED, REASON_MALFORMED_ANSWER, NULL);
	/* Whoever refuses is a listener that could be reached. */
	else
		exchange_settle(exchange, STATE_OPEN,
			answer.kind == X224_FAILED ? REASON_RDP_REFUSED
						   : REASON_RDP_NEGOTIATED,
			evidence(&answer));
	return size;
}

static const struct stream_ops rdp_stream = {
	.limit = X224_ANSWER_MAX,
	.connected = on_connected,
	.refused = stream_settle_refused,
	.received = on_received,
	.ended = exchange_ended,
};

static int rdp_start(struct probe_run *run)
{
	return exchange_open(exchange_of(run), &rdp_stream);
}

const struct probe_ops rdp_probe_ops = {
	.name = "rdp",
	.argument_help = "PORT",
	.conf_size = sizeof(struct exchange_conf),
	.parse = rdp_parse,
	.port = exchange_port,
	.run_size = sizeof(struct exchange),
	.start = rdp_start,
	.expired = exchange_expired,
	.fini = exchange_fini,
};
