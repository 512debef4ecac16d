/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far SYNs with a small TTL (RFC 791, 3.2; the hop limit of RFC 8200, 3) get on
 * their way to a target: which TTL is next, when to stop, and what it comes to. Pure.
 *
 * A path is one source port, so that a router with several ways takes the same one each
 * time. On a path the TTL rises by one until something answers that is no "time
 * exceeded". After WALK_GAP silent TTLs in a row it leaps to WALK_MAX_TTL: routers that
 * stay silent hide neither the target nor one that forbids; where that answers, the
 * smallest TTL that draws the answer is found by halving. No TTL is asked for twice on
 * a path, its repetitions apart.
 */
#ifndef PROBES_WALK_H
#define PROBES_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

enum {
	WALK_PATHS = 3,
	WALK_MAX_TTL = 30,
	WALK_TRIES = 2, /* SYNs with one TTL on one path, before it is silent */
	WALK_GAP = 4,
	WALK_MAX_SYNS = WALK_PATHS * WALK_MAX_TTL * WALK_TRIES,
	WALK_MAX_HOPS = WALK_PATHS * WALK_MAX_TTL,
	/* Linux repeats a SYN on its own after 1 s (RFC 6298, 2.1), which would be a
	 * packet that nobody counts. */
	WALK_LONGEST_WAIT_MS = 900,
	WALK_SHORTEST_WAIT_MS = 200,
};

enum walk_answer {
	WALK_SILENCE,
	WALK_HOP,     /* time exceeded, from a router */
	WALK_TARGET,  /* SYN-ACK or RST: the target, or something in its name */
	WALK_REFUSAL, /* any other ICMP error */
};

/* What a path ended with. */
struct walk_end {
	enum walk_answer kind; /* WALK_SILENCE: none of the two below */
	uint8_t ttl;           /* the smallest that drew it */
	bool accepted;         /* of a target: SYN-ACK, not RST */
	uint8_t icmp_type, icmp_code;
	struct net_address address; /* of a refusal: the sender */
	uint32_t rtt_us;
};

struct walk_hop {
	uint8_t ttl;
	struct net_address address;
	uint32_t rtt_us; /* the least */
};

struct walk_path {
	uint8_t ttl;   /* of the SYN that is due or under way; 0: the path is over */
	uint8_t tries; /* with this TTL, that were silent */
	uint8_t low;   /* up to this TTL nothing ended the path */
	bool leaps;    /* begins at WALK_MAX_TTL: only the end is of interest */
	struct walk_hop last; /* the furthest router that answered; ttl 0: none */
	struct walk_end end;
};

struct walk {
	struct walk_path paths[WALK_PATHS];
	uint32_t n_paths;
	struct walk_hop hops[WALK_MAX_HOPS]; /* rising, each address once a TTL */
	uint32_t n_hops;
	uint32_t worst_us; /* of all round trips */
};

/* One answer to a SYN. */
struct walk_report {
	enum walk_answer kind;
	bool accepted;
	uint8_t icmp_type, icmp_code;
	struct net_address address; /* of a hop or a refusal */
	uint32_t rtt_us;
};

/* n_paths is 1 to WALK_PATHS. With `distance` the hops are of no interest, only how far
 * away the end is: few packets, since the TTL is halved from the start. */
void walk_init(struct walk *walk, uint32_t n_paths, bool distance);

/* What came of the SYN that was due on a path; its next one, if any, has path->ttl.
 * True when an address was seen for the first time with that TTL. */
bool walk_take(struct walk *walk, uint32_t path, const struct walk_report *report);

/* No path has a SYN to send. */
bool walk_is_over(const struct walk *walk);

/*
 * How long the SYN that is due on a path is waited for, at most timeout_ms: four times
 * the worst round trip so far for the first, the whole limit for the last.
 */
uint32_t walk_wait_ms(const struct walk *walk, uint32_t path, uint32_t timeout_ms);

/* Every path went beyond this TTL, and no router answered it on any. */
bool walk_is_silent_at(const struct walk *walk, uint8_t ttl);

/* What it all comes to. Paths that are not over count as silent. */
struct walk_summary {
	const struct walk_end
		*reached; /* by the target, at the smallest TTL; or NULL */
	const struct walk_end *stopped; /* by a refusal, at the smallest TTL; or NULL */
	const struct walk_hop *last;    /* the furthest hop on the paths that ended in
					   silence; on any where none did; or NULL */
	uint32_t silent;                /* paths that ended so */
};

void walk_sum_up(const struct walk *walk, struct walk_summary *out);

#endif
