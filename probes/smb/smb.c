/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smb[/PORT]: does a file server negotiate SMB 2 or 3, and which? The request is one of
 * SMB 2 alone, which says most and worries nobody who looks for SMB 1 in the traffic. A
 * server of SMB 1 alone closes the connection on it, or ignores it ([MS-SMB2]
 * 3.2.4.2.2), so whoever gave no answer is asked once more, in SMB 1.
 */
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "probes/net/exchange.h"
#include "probes/registry.h"
#include "probes/smb/smb2.h"

enum {
	SMB_PORT = 445
};

struct smb_run {
	struct exchange exchange; /* first */
	bool asks_in_smb1;        /* on the second connection */
	/* How the first one ended, which is the verdict unless the second says more. */
	enum stream_end end;
	uint32_t rtt_us;
};

static bool smb_parse(const char *argument, const struct probe_vocabulary *vocabulary,
	void *conf, char *canonical, size_t size, const char **error)
{
	(void)vocabulary;
	return exchange_parse(argument, SMB_PORT, conf, canonical, size, error);
}

static uint32_t smb_connections(const void *conf)
{
	(void)conf;
	return 2;
}

static struct smb_run *smb_of(struct probe_run *run)
{
	return CONTAINER_OF(exchange_of(run), struct smb_run, exchange);
}

/* ---- the verdict */

static json_t *status_json(uint32_t status)
{
	char number[16];
	const char *word = smb2_status_word(status);

	snprintf(number, sizeof number, "0x%08x", (unsigned)status);
	return json_string(word ? word : number);
}

static json_t *evidence(const struct smb2_answer *answer)
{
	json_t *root = json_object();

	if (answer->kind == SMB2_REFUSED) {
		json_object_set_new(root, "status", status_json(answer->status));
	} else if (answer->kind == SMB2_CHOSEN) {
		json_object_set_new(root, "dialect",
			json_string(smb2_dialect_word(answer->dialect)));
		json_object_set_new(root, "signing",
			json_string(answer->signing_required  ? "required"
				    : answer->signing_enabled ? "enabled"
							      : "none"));
	}
	return root;
}

static void settle(struct smb_run *smb, const struct smb2_answer *answer)
{
	static const struct {
		enum probe_state state;
		enum probe_reason reason;
	} verdicts[] = {
		[SMB2_CHOSEN] = {STATE_OPEN, REASON_SMB_NEGOTIATED},
		[SMB2_REFUSED] = {STATE_FAILED, REASON_SMB_REFUSED},
		[SMB2_IS_SMB1] = {STATE_FAILED, REASON_SMB1_ONLY},
	};

	exchange_settle(&smb->exchange, verdicts[answer->kind].state,
		verdicts[answer->kind].reason,
		answer->kind == SMB2_IS_SMB1 ? NULL : evidence(answer));
}

/* No answer in SMB 1 either: what the first connection said stands. */
static void settle_first(struct smb_run *smb)
{
	smb->exchange.run.phase = PHASE_SMB;
	smb->exchange.stream.rtt_us = smb->rtt_us;
	exchange_settle(
		&smb->exchange, STATE_FAILED, stream_end_reason(smb->end), NULL);
}

/* ---- the connections */

static void open_second(struct smb_run *smb);

static void on_closed(struct stream *stream)
{
	struct smb_run *smb = smb_of(stream->run);

	if (probe_run_next(stream->run))
		open_second(smb);
}

static void ask_smb2(struct smb_run *smb)
{
	uint8_t request[SMB2_REQUEST_SIZE], random[SMB2_GUID_SIZE + SMB2_SALT_SIZE];

	/* Nothing is ever signed or sealed with it, so nothing depends on it. */
	memset(random, 0x5a, sizeof random);
	(void)uv_random(NULL, NULL, random, sizeof random, 0, NULL);
	smb2_write_negotiate(request, random, random + SMB2_GUID_SIZE);
	exchange_ask(&smb->exchange, PHASE_SMB, "offers SMB 2.0.2 to 3.1.1", request,
		sizeof request);
}

static void on_connected(struct stream *stream)
{
	struct smb_run *smb = smb_of(stream->run);
	uint8_t request[SMB2_MULTI_SIZE];

	if (!smb->asks_in_smb1) {
		ask_smb2(smb);
		return;
	}
	smb2_write_multi_protocol(request);
	exchange_ask(&smb->exchange, PHASE_SMB, "asks in SMB 1 for SMB 2", request,
		sizeof request);
}

static void on_refused(struct stream *stream, const struct sockerr *err)
{
	struct smb_run *smb = smb_of(stream->run);

	if (smb->asks_in_smb1 && err->state != STATE_ERROR)
		settle_first(smb);
	else
		stream_settle_refused(stream, err);
}

static size_t on_received(struct stream *stream, const uint8_t *data, size_t size)
{
	struct smb_run *smb = smb_of(stream->run);
	struct smb2_answer answer;

	ssize_t used = smb2_read_negotiate(data, size, &answer);
	if (used == 0)
		return 0;
	if (used < 0)
		exchange_settle(
			&smb->exchange, STATE_FAILED, REASON_MALFORMED_ANSWER, NULL);
	else
		settle(smb, &answer);
	return size;
}

static void on_ended(struct stream *stream, enum stream_end end)
{
	struct smb_run *smb = smb_of(stream->run);

	if (end == STREAM_TOO_LONG ||
		(!smb->asks_in_smb1 && stream->pending_size > 0)) {
		exchange_ended(stream, end);
	} else if (smb->asks_in_smb1) {
		settle_first(smb);
	} else {
		probe_run_tell(stream->run, PHASE_SMB, "no answer: %s",
			probe_reason_word(stream_end_reason(end)));
		smb->asks_in_smb1 = true;
		smb->end = end;
		smb->rtt_us = stream->rtt_us;
		stream_close(stream, on_closed);
	}
}

static const struct stream_ops smb_stream = {
	.limit = SMB2_ANSWER_MAX,
	.connected = on_connected,
	.refused = on_refused,
	.received = on_received,
	.ended = on_ended,
};

static void open_second(struct smb_run *smb)
{
	int rc = exchange_open(&smb->exchange, &smb_stream);

	if (rc < 0)
		probe_run_settle_local(&smb->exchange.run, rc, PHASE_CONNECT);
}

static int smb_start(struct probe_run *run)
{
	return exchange_open(exchange_of(run), &smb_stream);
}

static void smb_grant(struct probe_run *run)
{
	open_second(smb_of(run));
}

static const struct probe_advice smb_advice[] = {
	{REASON_SMB1_ONLY,
		"The server speaks only SMB 1, which Windows has disabled since 2017: "
		"enable SMB 2 there."},
	{REASON_NONE, NULL},
};

const struct probe_ops smb_probe_ops = {
	.name = "smb",
	.argument_help = "PORT",
	.conf_size = sizeof(struct exchange_conf),
	.advice = smb_advice,
	.parse = smb_parse,
	.port = exchange_port,
	.connections = smb_connections,
	.run_size = sizeof(struct smb_run),
	.start = smb_start,
	.grant = smb_grant,
	.expired = exchange_expired,
	.fini = exchange_fini,
};
