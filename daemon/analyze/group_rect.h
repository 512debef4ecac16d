/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rectangles of hosts and checks, and what their names cost. Internal to group_find().
 * Without memory a call does nothing and sets folder.failed. Pure.
 */
#ifndef DAEMON_ANALYZE_GROUP_RECT_H
#define DAEMON_ANALYZE_GROUP_RECT_H

#include "daemon/analyze/group.h"

#define COST_INCIDENT 12.0 /* one more: causes in one scan are rare */

enum {
	N_DOMAINS = 32,
	MAX_RECTS = GROUP_MAX + SET_BITS
};

/* Hosts by rank, ascending. */
struct group_hosts {
	uint32_t *at;
	uint32_t n, room;
};

struct rect {
	struct check_set checks;
	struct group_hosts hosts;
	double bits;   /* of its name and its checks */
	uint32_t id;   /* the owner of its flows; 0: they have none yet */
	uint32_t cut;  /* those with the same number were cut apart; 0: none */
	double growth; /* while a block is explained: what its hosts would add; or NAN
			*/
	/* Only while joining. */
	struct check_set stayed, hops, senders;
	bool is_dark; /* nothing of its hosts stayed, and nothing else changed on them
		       */
};

/* Where each host stands among those that could show a set of checks, by group. */
struct domain {
	bool is_used;
	struct check_set checks;
	uint32_t *size;  /* per group */
	uint32_t *place; /* parallel to fleet->group_at */
};

struct folder {
	const struct group_view *view;
	const struct group_fleet *fleet;
	struct rect *rects;
	uint32_t n_rects, room;
	struct block *blocks; /* of group.c */
	uint32_t n_blocks;
	struct domain domains[N_DOMAINS];
	uint32_t *count, *runs, *last, *met;    /* per group, for names */
	struct group_hosts rest[3];             /* for their recursion */
	struct group_hosts fit, cut, sum, sum2; /* scratch */
	uint8_t *marks;                         /* per host */
	uint32_t *owner;                        /* per flow: the id of its rectangle */
	uint32_t *cells; /* flows of one rectangle, and room for as many again */
	uint16_t *part;  /* parallel to them */
	uint32_t last_id;
	uint64_t work;
	bool failed; /* no memory: everything that was made is to be thrown away */
};

/* Has it taken all the time that it may, or no memory? */
bool group_is_exhausted(const struct folder *f);

/* ---- lists of hosts ------------------------------------------------------ */

/* `host` is above all of them. */
void group_hosts_push(struct folder *f, struct group_hosts *hosts, uint32_t host);

void group_hosts_copy(
	struct folder *f, struct group_hosts *to, const struct group_hosts *from);

/* `out` is neither of them. */
void group_hosts_union(struct folder *f, struct group_hosts *out,
	const struct group_hosts *a, const struct group_hosts *b);

/* Is a host in both? */
bool group_hosts_meet(const struct group_hosts *a, const struct group_hosts *b);

/* Leaves an empty list. */
void group_hosts_free(struct group_hosts *hosts);

/* Those of `hosts` on which some of the checks changed. */
void group_hosts_touched(struct folder *f, struct group_hosts *out,
	const struct group_hosts *hosts, struct check_set checks);

/* Those on which none of the checks stayed; returns how many. The rest go to `others`,
 * which may be NULL. */
uint32_t group_hosts_fitting(struct folder *f, struct group_hosts *out,
	struct group_hosts *others, const struct group_hosts *hosts,
	struct check_set checks);

/* ---- costs, in bits ------------------------------------------------------ */

/* Of naming k of n; 0 where k is more than n. */
double group_choice_bits(uint32_t n, uint32_t k);

/* Of naming these hosts, and of these checks on them. `hosts` is none of folder.rest.
 */
double group_rect_bits(
	struct folder *f, const struct group_hosts *hosts, struct check_set checks);

/* ---- the list of rectangles ---------------------------------------------- */

/* With a copy of `hosts`, which may be those of another, and without flows. Moves all
 * rectangles. NULL without memory. */
struct rect *group_rect_add(struct folder *f, const struct group_hosts *hosts,
	struct check_set checks, double bits);

/* Those behind it move up. */
void group_rect_remove(struct folder *f, uint32_t at);

/* Copies `hosts`; `bits` is what they cost with its checks. */
void group_rect_set_hosts(struct folder *f, struct rect *rect,
	const struct group_hosts *hosts, double bits);

/* Largest first. */
void group_rects_sort(struct folder *f);

/* Fills folder.cells with the changes on `checks` that are the rectangle's, by rank;
 * returns how many. */
uint32_t group_rect_flows(
	struct folder *f, const struct rect *rect, struct check_set checks);

#endif
