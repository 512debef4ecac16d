/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet as grouping sees it: for each direction in which flows changed, three sets of
 * checks a host. Internal to incident_fold().
 */
#ifndef DAEMON_ANALYZE_GROUP_VIEW_H
#define DAEMON_ANALYZE_GROUP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "daemon/model/incident.h"

/* ---- sets of checks ---------------------------------------------------------- */

enum {
	SET_WORDS = 4,
	SET_BITS = 64 * SET_WORDS,
	SET_OTHERS = SET_BITS - 1 /* stands for all checks that have no bit of their
				     own: they did not change in this direction */
};

struct check_set {
	uint64_t word[SET_WORDS];
};

#define SET_COMBINE(name, expression)                                               \
	static inline struct check_set name(struct check_set a, struct check_set b) \
	{                                                                           \
		for (unsigned i = 0; i < SET_WORDS; i++) {                          \
			uint64_t x = a.word[i], y = b.word[i];                      \
			a.word[i] = expression;                                     \
		}                                                                   \
		return a;                                                           \
	}
SET_COMBINE(set_and, x &y)
SET_COMBINE(set_or, x | y)
SET_COMBINE(set_minus, x & ~y)
#undef SET_COMBINE

static inline bool set_is_empty(struct check_set a)
{
	return !(a.word[0] | a.word[1] | a.word[2] | a.word[3]);
}

static inline bool set_meets(struct check_set a, struct check_set b)
{
	return !set_is_empty(set_and(a, b));
}

/* Is a part of b? */
static inline bool set_within(struct check_set a, struct check_set b)
{
	return set_is_empty(set_minus(a, b));
}

static inline int set_compare(struct check_set a, struct check_set b)
{
	for (unsigned i = SET_WORDS; i-- > 0;)
		if (a.word[i] != b.word[i])
			return a.word[i] < b.word[i] ? -1 : 1;
	return 0;
}

static inline unsigned set_count(struct check_set a)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SET_WORDS; i++)
		n += (unsigned)__builtin_popcountll(a.word[i]);
	return n;
}

static inline bool set_has(struct check_set a, unsigned bit)
{
	return a.word[bit / 64] >> bit % 64 & 1;
}

static inline void set_add(struct check_set *a, unsigned bit)
{
	a->word[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* ---- the fleet ----------------------------------------------------------------- */

/*
 * Hosts by rank: in the order of their addresses, those without one last, by name. So
 * neither ranks nor anything derived from them depend on the order of the input.
 */
struct group_fleet {
	const struct incident_input *input;
	uint32_t n_hosts;
	uint32_t *host_at;       /* rank -> index into input->hosts */
	uint32_t *rank_of;       /* the way back */
	uint32_t *first_flow;    /* per rank, into flow_at; n_hosts + 1 of them */
	uint32_t *flow_at;       /* index into input->flows */
	uint32_t n_groups;       /* 1 for all hosts, then those of the input by name */
	const char **group_name; /* [0]: NULL */
	uint32_t *first_group;   /* per rank, into group_at; n_hosts + 1 of them */
	uint32_t *group_at;      /* ascending: 0, which is all hosts, first */
	uint32_t *group_size;    /* hosts */
	bool *asks_names;        /* per check: of name servers, not of the host */
	/* Per flow of the input: what became of it. Flows that changed in different
	 * directions have different causes; 0: it did not change. */
	uint32_t *direction;
	/* Likewise, from 1; 0: none. From the 255th on they share a number. */
	uint8_t *hop, *sender;
	bool has_hops; /* or senders */
};

/* In the arena. 0 or -ENOMEM. */
int group_fleet_init(struct group_fleet *fleet, const struct incident_input *input,
	struct arena *arena);

bool group_fleet_in_group(
	const struct group_fleet *fleet, uint32_t rank, uint32_t group);

/* ---- one direction ------------------------------------------------------------- */

/* It is about a name server that fails: no rectangle, but a cause for each server. */
bool group_direction_is_server(uint32_t direction);

struct group_view {
	const struct group_fleet *fleet;
	uint32_t direction;
	/* Per rank. What changed; what stayed as it was though it could have changed:
	 * the counter-evidence; what could have changed, `changed` included. What is in
	 * none of them is not known: not asked, not measured, or already so before. */
	struct check_set *changed, *stayed, *could, *asked;
	uint8_t *bit_of; /* per check of the input; SET_OTHERS: it did not change */
	uint32_t n_changed;
};

/* How a flow bears on a direction in which it did not change. */
enum group_evidence {
	EVIDENCE_NONE,
	EVIDENCE_COULD,  /* it could have changed, and whether it did can't be told */
	EVIDENCE_STAYED, /* it could not have changed, but is as if it had been spared
			  */
	EVIDENCE_SPARED, /* both: it could have changed and did not */
};
enum group_evidence group_evidence(
	const struct group_fleet *fleet, uint32_t direction, uint32_t flow);

/*
 * Of the flows in this direction, in the arena. Beyond SET_OTHERS checks that changed
 * the rarer ones are left for another view: `skip` says how many of the commonest were
 * in earlier ones. Returns how many this one holds, 0: none left; or -ENOMEM.
 */
int group_view_init(struct group_view *view, const struct group_fleet *fleet,
	uint32_t direction, uint32_t skip, struct arena *arena);

#endif
