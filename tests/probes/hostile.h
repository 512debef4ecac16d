/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile peer may do to a kind that asks one question over TCP, for every such
 * kind: nothing of it crashes, hangs past the deadline, takes memory, or is taken for
 * an answer. Describe the kind in a `static const struct hostile_kind` and put
 * HOSTILE_TESTS("kind: ", &it) among the tests. Include contract.h first.
 */
#ifndef TESTS_PROBES_HOSTILE_H
#define TESTS_PROBES_HOSTILE_H

#include "base/random.h"
#include "kind_peer.h"

struct hostile_bytes {
	const uint8_t *bytes;
	size_t size;
};

struct hostile_kind {
	const struct probe_ops *ops;
	struct hostile_bytes answer; /* well-formed: open */
	enum probe_reason reason;    /* of that */
	/* The codec alone; true: a whole, well-formed answer is at the beginning. */
	bool (*decode)(const uint8_t *data, size_t size);
	/* Beginnings of answers whose lengths, counts or offsets lie: never open. */
	const struct hostile_bytes *lies;
	size_t n_lies;
};

enum {
	HOSTILE_FLOOD = 10 * 1000 * 1000,
	HOSTILE_RANDOM = 200, /* connections */
	HOSTILE_MOST = 1024,
	HOSTILE_MEMORY_KIB = 4096, /* growth of the process, the peer's own included */
};

/* --- the codec alone --- */

/* From memory that ends where the bytes do, so that AddressSanitizer sees more. */
static inline bool hostile_decode(
	const struct hostile_kind *kind, const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	assert_non_null(exact);
	memcpy(exact, bytes, size);
	bool whole = kind->decode(exact, size);
	free(exact);
	return whole;
}

static inline void hostile_codec_truncations(void **state)
{
	const struct hostile_kind *kind = *state;

	for (size_t size = 0; size < kind->answer.size; size++)
		assert_false(hostile_decode(kind, kind->answer.bytes, size));
	assert_true(hostile_decode(kind, kind->answer.bytes, kind->answer.size));
}

static inline void hostile_codec_mutations(void **state)
{
	const struct hostile_kind *kind = *state;
	unsigned refused = 0;
	uint8_t *copy = malloc(kind->answer.size);

	assert_non_null(copy);
	memcpy(copy, kind->answer.bytes, kind->answer.size);
	for (size_t at = 0; at < kind->answer.size; at++) {
		for (unsigned value = 0; value < 256; value++) {
			copy[at] = (uint8_t)value;
			refused += !hostile_decode(kind, copy, kind->answer.size);
		}
		copy[at] = kind->answer.bytes[at];
	}
	free(copy);
	/* The first byte alone has 255 wrong values. */
	assert_true(refused >= 255);
}

static inline void hostile_randomize(
	struct random_state *random, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)random_below(random, 256);
}

/* Half of them begin as an answer does. */
static inline void hostile_codec_random_bytes(void **state)
{
	const struct hostile_kind *kind = *state;
	struct random_state random;
	uint8_t bytes[600];

	random_seed(&random, 7);
	for (int i = 0; i < 50000; i++) {
		size_t size = random_below(&random, sizeof bytes + 1);
		size_t real = random_below(&random, (uint32_t)kind->answer.size);
		hostile_randomize(&random, bytes, size);
		if (i % 2 == 0)
			memcpy(bytes, kind->answer.bytes, real < size ? real : size);
		hostile_decode(kind, bytes, size);
	}
}

static inline void hostile_codec_lies(void **state)
{
	const struct hostile_kind *kind = *state;

	for (size_t i = 0; i < kind->n_lies; i++)
		assert_false(
			hostile_decode(kind, kind->lies[i].bytes, kind->lies[i].size));
}

/* --- over sockets --- */

struct hostile {
	const struct hostile_kind *kind;
	struct harness *h;
	struct speaker speaker;
	struct speaker_script scripts[HOSTILE_MOST];
	size_t n_scripts;
	struct harness_run runs[HOSTILE_MOST];
	struct net_address address;
	_Alignas(max_align_t) unsigned char conf[64];
	uint64_t started_ns;
};

static inline struct hostile *hostile_new(void **state)
{
	struct hostile *hostile = calloc(1, sizeof *hostile);

	assert_non_null(hostile);
	hostile->kind = *state;
	hostile->h = harness_new();
	hostile->address = harness_address("127.0.0.1");
	return hostile;
}

static inline void hostile_add(
	struct hostile *hostile, const struct speaker_script *script)
{
	assert_true(hostile->n_scripts < HOSTILE_MOST);
	hostile->scripts[hostile->n_scripts++] = *script;
}

/* One run a script, all at once. */
static inline void hostile_run(struct hostile *hostile, uint32_t timeout_ms)
{
	const struct probe_ops *ops = hostile->kind->ops;

	speaker_open(&hostile->speaker, &hostile->h->loop, hostile->scripts,
		hostile->n_scripts);
	kind_peer_parse(
		ops, hostile->speaker.port, hostile->conf, sizeof hostile->conf);
	struct probe_spec spec = {
		.ops = ops,
		.conf = hostile->conf,
		.target = {.host = "peer", .address = &hostile->address},
		.timeout_ms = timeout_ms,
		.attempts = 1,
		.window = 1,
	};
	hostile->started_ns = uv_hrtime();
	for (size_t i = 0; i < hostile->n_scripts; i++)
		harness_start(hostile->h, &spec, &hostile->runs[i]);
	harness_until_idle(hostile->h);
	for (size_t i = 0; i < hostile->n_scripts; i++)
		assert_int_equal(hostile->runs[i].dones, 1);
}

static inline void hostile_free(struct hostile *hostile)
{
	for (size_t i = 0; i < hostile->n_scripts; i++)
		harness_run_fini(&hostile->runs[i]);
	speaker_finish(&hostile->speaker, hostile->h);
	free(hostile);
}

/* The peer was reached, so nothing else can be true. */
static inline void hostile_assert_failed(const struct hostile *hostile)
{
	for (size_t i = 0; i < hostile->n_scripts; i++)
		assert_string_equal(
			probe_state_word(hostile->runs[i].result.state), "failed");
}

static inline void hostile_cut_short(void **state, enum speaker_end end)
{
	struct hostile *hostile = hostile_new(state);
	struct hostile_bytes answer = hostile->kind->answer;

	for (size_t size = 0; size < answer.size; size++)
		hostile_add(hostile,
			&(struct speaker_script){
				.bytes = answer.bytes, .size = size, .end = end});
	hostile_run(hostile, end == SPEAKER_STAYS ? 300 : 5000);
	hostile_assert_failed(hostile);
	for (size_t i = 0; i < hostile->n_scripts; i++)
		assert_int_equal(hostile->runs[i].result.reason,
			end == SPEAKER_STAYS    ? REASON_NO_ANSWER
			: end == SPEAKER_CLOSES ? REASON_PEER_CLOSED
						: REASON_PEER_RESET);
	hostile_free(hostile);
}

static inline void hostile_closes_at_every_offset(void **state)
{
	hostile_cut_short(state, SPEAKER_CLOSES);
}

static inline void hostile_resets_at_every_offset(void **state)
{
	hostile_cut_short(state, SPEAKER_RESETS);
}

static inline void hostile_falls_silent_at_every_offset(void **state)
{
	hostile_cut_short(state, SPEAKER_STAYS);
}

static inline void hostile_drips(void **state)
{
	struct hostile *hostile = hostile_new(state);
	struct hostile_bytes answer = hostile->kind->answer;

	hostile_add(hostile,
		&(struct speaker_script){
			.bytes = answer.bytes, .size = answer.size, .drips = true});
	hostile_run(hostile, 5000);
	assert_string_equal(probe_state_word(hostile->runs[0].result.state), "open");
	assert_int_equal(hostile->runs[0].result.reason, hostile->kind->reason);
	hostile_free(hostile);
}

/* An endless drip of what can't be used ends with the time limit at the latest. */
static inline void hostile_drips_for_ever(void **state)
{
	struct hostile *hostile = hostile_new(state);
	struct hostile_bytes answer = hostile->kind->answer;

	hostile_add(hostile, &(struct speaker_script){.bytes = answer.bytes,
				     .size = answer.size / 2,
				     .flood = HOSTILE_FLOOD,
				     .drips = true});
	hostile_run(hostile, 200);
	assert_in_range((uv_hrtime() - hostile->started_ns) / 1000000, 0, 5000);
	hostile_free(hostile);
}

/* One byte of each place is wrong: open or failed, whichever it is. */
static inline void hostile_mutations(void **state)
{
	struct hostile *hostile = hostile_new(state);
	struct hostile_bytes answer = hostile->kind->answer;
	struct random_state random;
	uint8_t *copies = malloc(answer.size * answer.size);

	assert_non_null(copies);
	random_seed(&random, 11);
	for (size_t at = 0; at < answer.size; at++) {
		uint8_t *copy = copies + at * answer.size;
		memcpy(copy, answer.bytes, answer.size);
		copy[at] ^= (uint8_t)(1 + random_below(&random, 255));
		hostile_add(hostile, &(struct speaker_script){.bytes = copy,
					     .size = answer.size,
					     .end = SPEAKER_CLOSES});
	}
	hostile_run(hostile, 5000);
	for (size_t i = 0; i < hostile->n_scripts; i++)
		assert_int_equal(
			probe_state_path(hostile->runs[i].result.state), PATH_CLEAR);
	hostile_free(hostile);
	free(copies);
}

static inline void hostile_random_bytes(void **state)
{
	enum {
		SIZE = 300
	};
	struct hostile *hostile = hostile_new(state);
	struct random_state random;
	uint8_t *bytes = malloc(HOSTILE_RANDOM * SIZE);

	assert_non_null(bytes);
	random_seed(&random, 13);
	hostile_randomize(&random, bytes, HOSTILE_RANDOM * SIZE);
	for (size_t i = 0; i < HOSTILE_RANDOM; i++)
		hostile_add(hostile, &(struct speaker_script){.bytes = bytes + i * SIZE,
					     .size = 1 + random_below(&random, SIZE),
					     .end = SPEAKER_CLOSES,
					     .unasked = i % 2 == 0});
	hostile_run(hostile, 5000);
	hostile_assert_failed(hostile);
	hostile_free(hostile);
	free(bytes);
}

static inline long hostile_memory_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* Ten megabytes after `begin`: given up early, in time, and without keeping them. */
static inline void hostile_flood(
	void **state, const struct hostile_bytes *begin, const uint8_t *flood)
{
	struct hostile *hostile = hostile_new(state);

	hostile->speaker.flood = flood;
	hostile_add(hostile, &(struct speaker_script){.bytes = begin->bytes,
				     .size = begin->size,
				     .flood = HOSTILE_FLOOD});
	long before = hostile_memory_kib();
	hostile_run(hostile, 300);
	hostile_assert_failed(hostile);
	assert_in_range((uv_hrtime() - hostile->started_ns) / 1000000, 0, 5000);
	assert_in_range(hostile_memory_kib() - before, 0, HOSTILE_MEMORY_KIB);
	hostile_free(hostile);
}

static inline void hostile_floods(void **state)
{
	const struct hostile_kind *kind = *state;
	const struct hostile_bytes nothing = {.size = 0};
	struct random_state random;
	uint8_t *noise = malloc(SPEAKER_CHUNK);

	assert_non_null(noise);
	random_seed(&random, 17);
	hostile_randomize(&random, noise, SPEAKER_CHUNK);
	hostile_flood(state, &nothing, NULL);
	hostile_flood(state, &nothing, noise);
	for (size_t i = 0; i < kind->n_lies; i++) {
		hostile_flood(state, &kind->lies[i], NULL);
		hostile_flood(state, &kind->lies[i], noise);
	}
	free(noise);
}

static inline void hostile_lies(void **state)
{
	struct hostile *hostile = hostile_new(state);
	const struct hostile_kind *kind = hostile->kind;

	for (size_t i = 0; i < kind->n_lies; i++)
		hostile_add(
			hostile, &(struct speaker_script){.bytes = kind->lies[i].bytes,
					 .size = kind->lies[i].size});
	hostile_run(hostile, 300);
	hostile_assert_failed(hostile);
	hostile_free(hostile);
}

#define HOSTILE_TEST(text, function, kind)                 \
	{                                                  \
		text, function, NULL, NULL, (void *)(kind) \
	}

/* In an array of struct CMUnitTest; `of` is a literal such as "rdp: ". */
#define HOSTILE_TESTS(of, kind)                                                        \
	HOSTILE_TEST(of "the_codec_knows_every_truncation", hostile_codec_truncations, \
		kind),                                                                 \
		HOSTILE_TEST(of "the_codec_survives_every_mutation",                   \
			hostile_codec_mutations, kind),                                \
		HOSTILE_TEST(of "the_codec_survives_random_bytes",                     \
			hostile_codec_random_bytes, kind),                             \
		HOSTILE_TEST(                                                          \
			of "the_codec_believes_no_lie", hostile_codec_lies, kind),     \
		HOSTILE_TEST(of "a_close_at_every_offset_is_told",                     \
			hostile_closes_at_every_offset, kind),                         \
		HOSTILE_TEST(of "a_reset_at_every_offset_is_told",                     \
			hostile_resets_at_every_offset, kind),                         \
		HOSTILE_TEST(of "silence_at_every_offset_is_told",                     \
			hostile_falls_silent_at_every_offset, kind),                   \
		HOSTILE_TEST(of "reads_an_answer_byte_by_byte", hostile_drips, kind),  \
		HOSTILE_TEST(of "an_endless_drip_ends_in_time",                        \
			hostile_drips_for_ever, kind),                                 \
		HOSTILE_TEST(of "survives_a_wrong_byte_in_each_place",                 \
			hostile_mutations, kind),                                      \
		HOSTILE_TEST(                                                          \
			of "random_bytes_are_no_answer", hostile_random_bytes, kind),  \
		HOSTILE_TEST(of "ten_megabytes_are_not_kept", hostile_floods, kind),   \
		HOSTILE_TEST(of "lengths_that_lie_are_no_answer", hostile_lies, kind)

#endif
