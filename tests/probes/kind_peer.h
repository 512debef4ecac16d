/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract's peers for a kind KIND[/PORT] that asks one question over TCP, and one
 * such question by itself. Include contract.h first.
 */
#ifndef TESTS_PROBES_KIND_PEER_H
#define TESTS_PROBES_KIND_PEER_H

#include <stdio.h>

#include "speaker.h"

struct kind_peer {
	const struct probe_ops *ops;
	const uint8_t *answer; /* open */
	size_t size;
};

struct kind_peer_raised {
	struct speaker speaker;
	struct speaker_script script;
	bool speaks;
	int fd, filler;
	_Alignas(max_align_t) unsigned char conf[64];
};

static inline void kind_peer_parse(
	const struct probe_ops *ops, unsigned port, void *conf, size_t size)
{
	char argument[16], canonical[PROBE_ARGUMENT_MAX];
	const char *error = NULL;

	assert_true(ops->conf_size <= size);
	snprintf(argument, sizeof argument, "%u", port);
	assert_true(
		ops->parse(argument, NULL, conf, canonical, sizeof canonical, &error));
}

static inline void kind_peer_open(
	struct contract *c, enum contract_peer peer, const struct kind_peer *kind)
{
	struct kind_peer_raised *raised = calloc(1, sizeof *raised);
	uint16_t port = 0;

	assert_non_null(raised);
	raised->fd = raised->filler = -1;
	if (peer == PEER_ANSWERS) {
		raised->speaks = true;
		raised->script.bytes = kind->answer;
		raised->script.size = kind->size;
		speaker_open(&raised->speaker, &c->h->loop, &raised->script, 1);
		port = raised->speaker.port;
	} else if (peer == PEER_REFUSES) {
		raised->fd = harness_refuse("127.0.0.1", &port);
	} else {
		raised->fd = harness_silence("127.0.0.1", &port, &raised->filler);
	}
	kind_peer_parse(kind->ops, port, raised->conf, sizeof raised->conf);
	c->peer = raised;
	c->address = harness_address("127.0.0.1");
	c->spec.ops = kind->ops;
	c->spec.conf = raised->conf;
	c->spec.target.address = &c->address;
}

static inline void kind_peer_close(struct contract *c)
{
	struct kind_peer_raised *raised = c->peer;

	if (raised->speaks) {
		speaker_close(&raised->speaker);
		uv_run(&c->h->loop, UV_RUN_DEFAULT);
	}
	if (raised->fd >= 0)
		close(raised->fd);
	if (raised->filler >= 0)
		close(raised->filler);
	free(raised);
}

/* One run against zeroed `speaker`, whose counters can be read afterwards. */
static inline struct harness_run kind_peer_ask(const struct probe_ops *ops,
	struct speaker *speaker, const struct speaker_script *scripts, size_t n_scripts,
	uint32_t timeout_ms)
{
	struct harness *h = harness_new();
	struct net_address address = harness_address("127.0.0.1");
	_Alignas(max_align_t) unsigned char conf[64];

	speaker_open(speaker, &h->loop, scripts, n_scripts);
	kind_peer_parse(ops, speaker->port, conf, sizeof conf);
	struct probe_spec spec = {
		.ops = ops,
		.conf = conf,
		.target = {.host = "peer", .address = &address},
		.timeout_ms = timeout_ms,
		.attempts = 1,
		.window = 1,
	};
	struct harness_run at = harness_run_one(h, &spec);
	speaker_finish(speaker, h);
	return at;
}

/* NULL: none. */
static inline void kind_peer_assert_evidence(
	const struct harness_run *at, const char *evidence)
{
	if (evidence) {
		assert_non_null(at->result.evidence);
		assert_string_equal(at->result.evidence, evidence);
	} else {
		assert_null(at->result.evidence);
	}
}

/* `port` and nothing are the same check, other ports are not. */
static inline void kind_peer_assert_ports(const struct probe_ops *ops, const char *port)
{
	_Alignas(max_align_t) unsigned char conf[64];
	char canonical[PROBE_ARGUMENT_MAX] = "x", padded[16];
	const char *error = NULL;

	assert_true(ops->parse(NULL, NULL, conf, canonical, sizeof canonical, &error));
	assert_string_equal(canonical, "");
	snprintf(padded, sizeof padded, "0%s", port);
	assert_true(
		ops->parse(padded, NULL, conf, canonical, sizeof canonical, &error));
	assert_string_equal(canonical, "");
	assert_true(
		ops->parse("0065535", NULL, conf, canonical, sizeof canonical, &error));
	assert_string_equal(canonical, "65535");
	static const char *const wrong[] = {"0", "65536", "-1", "x", "1-2", "80/81"};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		error = NULL;
		assert_false(ops->parse(
			wrong[i], NULL, conf, canonical, sizeof canonical, &error));
		assert_non_null(strstr(error, "1 to 65535"));
	}
}

#endif
