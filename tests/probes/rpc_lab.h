/* SPDX-License-Identifier: Apache-2.0 */
/* A mapper and endpoints that say what a test wants, and one run of rpc against them.
 * Include contract.h first. */
#ifndef TESTS_PROBES_RPC_LAB_H
#define TESTS_PROBES_RPC_LAB_H

#include <jansson.h>

#include "probes/registry.h"
#include "probes/rpc/run.h"
#include "rpc_answers.h"
#include "speaker.h"

#define LICENSING "3d267954-eeb7-11d1-b94e-00c04fa3080d@1.0"
#define SAMR "12345778-1234-abcd-ef00-0123456789ac@1.0"
#define LAB_ENDPOINTS 4
#define LAB_LINES 4096

struct lab_place {
	struct speaker speaker;
	struct rpc_answers answers[4]; /* of one connection each, in turn */
	struct speaker_script scripts[4];
	size_t n_scripts;
	bool speaks;
	int fd, filler; /* where nobody speaks */
	uint16_t port;
};

struct lab {
	struct harness *h;
	struct net_address address;
	struct rpc_conf conf;
	struct probe_spec spec;
	struct lab_place mapper, endpoints[LAB_ENDPOINTS];
	size_t n_endpoints;
	char told[LAB_LINES];
};

static inline struct lab *lab_of(struct probe_env *env)
{
	return (struct lab *)env->resolver; /* which rpc has no use for */
}

static inline void lab_tell(struct probe_env *env, struct probe_run *run,
	enum probe_phase phase, const char *text)
{
	char *told = lab_of(env)->told;
	size_t used = strlen(told);

	(void)run;
	snprintf(told + used, LAB_LINES - used, "%s %s\n", probe_phase_word(phase),
		text);
}

static inline void lab_parse(struct rpc_conf *conf, const char *argument)
{
	char canonical[PROBE_ARGUMENT_MAX];
	const char *error = NULL;

	memset(conf, 0, sizeof *conf);
	assert_int_equal(rpc_probe_ops.conf_size, sizeof *conf);
	assert_true(rpc_probe_ops.parse(
		argument, NULL, conf, canonical, sizeof canonical, &error));
}

static inline struct lab *lab_new(const char *argument)
{
	struct lab *lab = calloc(1, sizeof *lab);

	assert_non_null(lab);
	lab->h = harness_new();
	lab->h->env.resolver = (struct resolver *)lab;
	lab->h->env.tell = lab_tell;
	lab->address = harness_address("127.0.0.1");
	lab_parse(&lab->conf, argument);
	lab->spec = (struct probe_spec){
		.ops = &rpc_probe_ops,
		.conf = &lab->conf,
		.target = {.host = "peer", .address = &lab->address},
		.timeout_ms = 2000,
		.attempts = 1,
		.window = 1,
	};
	return lab;
}

/* Answers for the place's next connection. */
static inline struct rpc_answers *lab_answers(struct lab_place *place)
{
	assert_true(place->n_scripts < ARRAY_SIZE(place->answers));
	struct rpc_answers *answers = &place->answers[place->n_scripts++];
	answers_init(answers);
	return answers;
}

static inline struct speaker_script *lab_script(struct lab_place *place)
{
	return &place->scripts[place->n_scripts - 1];
}

/* Says what its answers have by now. */
static inline void lab_speak(struct lab *lab, struct lab_place *place)
{
	for (size_t i = 0; i < place->n_scripts; i++) {
		place->scripts[i].bytes = place->answers[i].bytes;
		place->scripts[i].size = place->answers[i].size;
		place->scripts[i].n_turns = place->answers[i].n_turns;
		if (place->answers[i].n_turns > 0)
			place->scripts[i].turns = place->answers[i].turns;
	}
	place->speaks = true;
	speaker_open(&place->speaker, &lab->h->loop, place->scripts, place->n_scripts);
	place->port = place->speaker.port;
}

static inline void lab_start_mapper(struct lab *lab)
{
	lab_speak(lab, &lab->mapper);
	lab->conf.mapper_port = lab->mapper.port;
}

static inline struct lab_place *lab_endpoint(struct lab *lab)
{
	assert_true(lab->n_endpoints < LAB_ENDPOINTS);
	return &lab->endpoints[lab->n_endpoints++];
}

/* An endpoint that answers a bind so. */
static inline uint16_t lab_binds(struct lab *lab, unsigned result, unsigned reason)
{
	struct lab_place *place = lab_endpoint(lab);

	say_bind_ack(lab_answers(place), result, reason);
	lab_speak(lab, place);
	return place->port;
}

static inline uint16_t lab_accepts(struct lab *lab)
{
	return lab_binds(lab, 0, 0);
}

static inline uint16_t lab_refuses(struct lab *lab)
{
	struct lab_place *place = lab_endpoint(lab);

	place->fd = harness_refuse("127.0.0.1", &place->port);
	place->filler = -1;
	return place->port;
}

static inline uint16_t lab_is_silent(struct lab *lab)
{
	struct lab_place *place = lab_endpoint(lab);

	place->fd = harness_silence("127.0.0.1", &place->port, &place->filler);
	return place->port;
}

/* Accepts connections and never answers. */
static inline uint16_t lab_hangs(struct lab *lab)
{
	struct lab_place *place = lab_endpoint(lab);

	place->fd = harness_listen("127.0.0.1", &place->port);
	place->filler = -1;
	return place->port;
}

/* A mapper that is bound and names these ports for licensing. */
static inline void lab_maps(struct lab *lab, const uint16_t *ports, uint32_t count)
{
	struct rpc_listing listings[32] = {{.port = 0}};
	struct rpc_answers *answers = lab_answers(&lab->mapper);

	assert_true(count <= ARRAY_SIZE(listings));
	for (uint32_t i = 0; i < count; i++)
		listings[i] =
			(struct rpc_listing){.interface = LICENSING, .port = ports[i]};
	say_bind_ack(answers, 0, 0);
	say_map(answers, listings, count, true, count ? 0 : RPC_NOT_REGISTERED);
	lab_start_mapper(lab);
}

static inline void lab_run(struct lab *lab, struct harness_run *at)
{
	harness_start(lab->h, &lab->spec, at);
	harness_until_idle(lab->h);
	assert_int_equal(at->dones, 1);
}

static inline void lab_close_place(struct lab_place *place)
{
	if (place->speaks)
		speaker_close(&place->speaker);
	if (place->fd > 0)
		close(place->fd);
	if (place->filler > 0)
		close(place->filler);
}

static inline void lab_free_place(struct lab_place *place)
{
	for (size_t i = 0; i < place->n_scripts; i++)
		answers_fini(&place->answers[i]);
}

static inline void lab_free(struct lab *lab)
{
	lab_close_place(&lab->mapper);
	for (size_t i = 0; i < lab->n_endpoints; i++)
		lab_close_place(&lab->endpoints[i]);
	uv_run(&lab->h->loop, UV_RUN_DEFAULT);
	lab_free_place(&lab->mapper);
	for (size_t i = 0; i < lab->n_endpoints; i++)
		lab_free_place(&lab->endpoints[i]);
	harness_free(lab->h);
	free(lab);
}

/* Runs it, and it ends so. */
static inline struct harness_run lab_see(struct lab *lab, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase)
{
	struct harness_run at = {0};

	lab_run(lab, &at);
	assert_result(&at, state, reason, phase);
	return at;
}

/* The last thing that a test does. */
static inline void lab_expect(struct lab *lab, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase)
{
	struct harness_run at = lab_see(lab, state, reason, phase);

	harness_run_fini(&at);
	lab_free(lab);
}

/* How many requests of that number the mapper's first connection heard. */
static inline unsigned lab_heard(const struct lab *lab, unsigned opnum)
{
	const struct speaker *speaker = &lab->mapper.speaker;
	unsigned count = 0;
	size_t at = 0;

	while (at + 24 <= speaker->heard_size) {
		const uint8_t *pdu = speaker->heard + at;
		count += pdu[2] == 0 && pdu[22] == opnum;
		at += pdu[8] + 256U * pdu[9];
	}
	return count;
}

/* ---- evidence */

static inline json_t *lab_evidence(const struct harness_run *at)
{
	json_error_t error;

	assert_non_null(at->result.evidence);
	json_t *root = json_loads(at->result.evidence, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(root);
	return root;
}

/* "connect epm endpoint:filtered", ... */
static inline const char *lab_stages(json_t *root, char *out, size_t size)
{
	json_t *stages = json_object_get(root, "stages"), *stage;
	size_t index, used = 0;

	out[0] = '\0';
	json_array_foreach(stages, index, stage)
	{
		const char *state = json_string_value(json_object_get(stage, "state"));
		int elapsed =
			(int)json_integer_value(json_object_get(stage, "elapsed_us"));
		assert_in_range(elapsed, 1, 60000000);
		used += (size_t)snprintf(out + used, size - used, "%s%s%s%s",
			index ? " " : "",
			json_string_value(json_object_get(stage, "phase")),
			state ? ":" : "", state ? state : "");
	}
	return out;
}

static inline int lab_number(json_t *object, const char *key)
{
	return (int)json_integer_value(json_object_get(object, key));
}

#endif
