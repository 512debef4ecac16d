/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of check that open no socket and note when they start and end, on whatever
 * thread. The hosts' names are a letter and a number, as a fleet's are. */
#ifndef TESTS_SUPPORT_NOTES_H
#define TESTS_SUPPORT_NOTES_H

#include <stdint.h>

#include "probes/probe.h"

#define MAX_NOTES 200000

struct notes {
	uint64_t us[MAX_NOTES]; /* of each start: when */
	uint32_t host[MAX_NOTES];
	uint32_t count;
	uint32_t open[1000]; /* runs of each host now */
	uint32_t open_in_all;
	uint32_t most_of_a_host, most_in_all;
};

/* To be read while no engine runs. */
extern struct notes notes;

/* A setup function; `state` may be NULL. Returns 0. */
int notes_forget(void **state);

/* Open at once. */
extern const struct probe_ops kind_instant;

/* The same, about the host. */
extern const struct probe_ops kind_of_the_host;

/* Open after a few milliseconds. */
extern const struct probe_ops kind_slow;

/* Never an answer. */
extern const struct probe_ops kind_hanging;

/* One outcome after another, in the order of starts, the last one for ever. */
extern const struct probe_ops kind_scripted;

struct step {
	int code; /* what start() returns; when 0, the state below */
	enum probe_state state;
	enum probe_reason reason;
};

struct script {
	const struct step *steps;
	uint32_t n_steps;
};

/* A paced kind: so many connections a run, each of a few milliseconds. */
extern const struct probe_ops kind_batch;

struct batch_conf {
	uint32_t connections;
};

#endif
