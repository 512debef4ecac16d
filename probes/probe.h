/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of check is, and what it may do while it runs. One ops table a kind; the
 * framework (run.h) allocates, times, closes and frees. docs/adding-a-check.md walks
 * through one.
 *
 * The life of a run:
 *   start() -> events of the kind -> probe_run_settle() -> every handle closed ->
 *   fini() -> done() of whoever started it -> freed
 * settle may come from the kind, from the deadline or from a cancel; the first one wins
 * and later ones are ignored. done() runs exactly once, never inside start or cancel.
 */
#ifndef PROBES_PROBE_H
#define PROBES_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/address.h"
#include "base/list.h"
#include "base/uuid.h"
#include "config/report.h"
#include "config/schema.h"
#include "probes/deadline.h"
#include "probes/reason.h"

struct probe_run;
struct resolver;
struct evidence_line;
struct json_t;

/* Names that the configuration adds to those that a kind knows. */
struct probe_interface {
	const char *name; /* "licensing" */
	struct uuid_syntax syntax;
};
struct probe_vocabulary {
	const struct probe_interface *interfaces;
	size_t n_interfaces;
	const char
		*dynamic_ports; /* what `sweep/dynamic` stands for; NULL: 49152-65535 */
};

enum probe_flags {
	PROBE_PER_HOST = 1, /* asks about the host, not about one address of it */
	PROBE_PACED = 2, /* many connections a run: each asks for its own slot, and the
			    kind times and repeats each itself */
	PROBE_EXPECTS_CLEAR = 4, /* the default expectation is `clear`, not `open` */
	PROBE_ASKS_SERVERS = 8, /* DNS servers answer it, whatever the host is called */
};

/* What to do about a reason that only this kind gives, or for which it knows more. */
struct probe_advice {
	enum probe_reason reason; /* REASON_NONE ends the table */
	const char *text;         /* placeholders: see daemon/render/advice.c */
};

struct probe_ops {
	const char *name; /* KIND in KIND[/ARGUMENT] */
	unsigned flags;
	const char *argument_help; /* "PORT", "LO-HI[,...]"; NULL: takes none */

	/* Options of the mapping form, besides those every check has; NULL: none. */
	const struct conf_field *fields;
	size_t conf_size; /* bytes of the kind's conf; zeroed before parse */

	/*
	 * Reads ARGUMENT (NULL when there was none) into conf and writes the canonical
	 * argument, "" for none, to `canonical` (size >= PROBE_ARGUMENT_MAX). False
	 * with *error a sentence of static text that says what would be right.
	 */
	bool (*parse)(const char *argument, const struct probe_vocabulary *vocabulary,
		void *conf, char *canonical, size_t size, const char **error);

	/* The argument that somebody who wrote `argument`, which parse() refused, may
	 * have meant; static or the vocabulary's. NULL: none. May be NULL. */
	const char *(*nearest)(
		const char *argument, const struct probe_vocabulary *vocabulary);

	/*
	 * The mapping at `at` was bound over conf: reads what the table can't say, such
	 * as lists of numbers. False after reporting what is wrong. May be NULL.
	 */
	bool (*bound)(
		void *conf, const struct conf_node *at, struct conf_report *report);

	/* TCP connections that one run may open to one address, attempts apart. NULL:
	 * one, and none for PROBE_PER_HOST. */
	uint32_t (*connections)(const void *conf);

	/* The TCP port that it connects to, the first where there are several; what a
	 * trace goes to. NULL: it asks no TCP port. */
	uint16_t (*port)(const void *conf);

	/*
	 * What only the kind knows of its own evidence. It may be of an older or a
	 * newer reachd, so that nothing in it can be relied on. Each may be NULL.
	 */

	/* The port that mattered, which was not known before it ran; 0: none. */
	uint16_t (*found_port)(const struct json_t *evidence);

	/* What is to blame, besides the sender of an ICMP error: a server's address.
	 * Points into the evidence; NULL: nothing. */
	const char *(*cause)(const struct json_t *evidence);

	/* Writes a member for a reader, with evidence_separate() before it, or passes
	 * over it; false: as every member is written. */
	bool (*print)(struct evidence_line *line, const struct json_t *evidence,
		const char *key, const struct json_t *value);

	const struct probe_advice *advice;

	size_t run_size; /* a struct whose first member is struct probe_run */

	/* The run is zeroed behind its first member and the deadline is armed. Negative
	 * (a libuv code): settles as error, with the reason that the code stands for.
	 */
	int (*start)(struct probe_run *run);

	/* One more connection may be opened now: see probe_run_want() for PROBE_PACED
	 * kinds, probe_run_next() for the others. */
	void (*grant)(struct probe_run *run);

	/* The deadline has passed. NULL: filtered, timeout, in the phase the kind was
	 * in. Not called for paced kinds, which have no deadline of their own. */
	void (*expired)(struct probe_run *run);

	/* Settled: abandon whatever is no uv handle (queries, deadlines). May be NULL.
	 */
	void (*stop)(struct probe_run *run);

	/* Every handle is closed: free what this kind took. May be NULL. */
	void (*fini)(struct probe_run *run);
};

/* Room for PORTS_MAX_RANGES ranges and for a DNS name with its prefix. */
#define PROBE_ARGUMENT_MAX 1024

struct probe_target {
	const char *host; /* inventory name */
	const struct net_address
		*address; /* the one to probe; NULL for PROBE_PER_HOST */
	const struct net_address *declared; /* those that the inventory gives */
	uint32_t n_declared;                /* 0 when the name is to be resolved */
};

/* What one loop lends to all of its runs. Filled by the engine (or a test). */
struct probe_env {
	uv_loop_t *loop;
	struct deadline_set *deadlines;
	struct resolver *resolver;
	/* See probe_run_want(), probe_run_release() and probe_run_again(). */
	void (*want)(struct probe_env *env, struct probe_run *run);
	void (*release)(struct probe_env *env, struct probe_run *run);
	bool (*again)(struct probe_env *env, struct probe_run *run); /* may be NULL */
	/* What a run does, one line of text, while somebody watches; else NULL. */
	void (*tell)(struct probe_env *env, struct probe_run *run,
		enum probe_phase phase, const char *text);
};

/* What to run. Everything pointed to outlives the run. */
struct probe_spec {
	const struct probe_ops *ops;
	const void *conf;
	struct probe_target target;
	uint32_t timeout_ms; /* of one attempt; for a paced kind, of one connection's */
	uint32_t attempts;   /* for a paced kind: attempts per connection */
	uint32_t window;     /* for a paced kind: connections at once, at least 1 */
};

struct probe_result {
	enum probe_state state;
	enum probe_reason reason;
	enum probe_phase phase;
	uint32_t rtt_us;   /* of the answer that settled it; 0: none */
	uint32_t attempts; /* connections opened or queries sent, for paced kinds; else
			      1 */
	char *evidence;    /* a JSON object, or NULL */
	char *identity;    /* what makes two `partial` results different; or NULL */
};

typedef void (*probe_done_fn)(struct probe_run *run, void *data);

struct probe_run {
	struct probe_spec spec;
	struct probe_env *env;
	struct probe_result
		result; /* valid in done(); the strings may be taken (set NULL) */
	enum probe_phase phase; /* where the kind is now: kept by the kind */
	uint64_t started_us;
	/* The framework's own from here on. */
	struct deadline deadline;
	struct list handles;
	unsigned n_handles; /* held and not yet closed */
	unsigned slots;     /* granted and not released */
	unsigned wants;     /* asked for and not yet granted */
	bool settled;
	bool starting;     /* inside start() */
	bool finishing;    /* `ending` is on its way */
	uv_timer_t ending; /* brings completion to the loop when no handle is left */
	probe_done_fn done;
	void *data;
};

/* A uv handle that the framework closes. Embed it by value in the kind's run. */
struct probe_handle {
	struct list node;
	struct probe_run *run;
	void (*closed)(struct probe_handle *handle);
	bool closing;
	union {
		uv_handle_t handle;
		uv_tcp_t tcp;
		uv_udp_t udp;
		uv_timer_t timer;
		uv_poll_t poll;
	};
};

/* Announces a handle right after its uv_*_init succeeded. Sets handle.data. */
void probe_run_hold(struct probe_run *run, struct probe_handle *handle);

/*
 * Closes one held handle early, for kinds that reuse the memory; `closed` (may be NULL)
 * runs when libuv let go of it, unless the run has settled meanwhile.
 */
void probe_run_drop(struct probe_run *run, struct probe_handle *handle,
	void (*closed)(struct probe_handle *handle));

/* The verdict of this run. Only the first call counts. Closes every handle. */
void probe_run_settle(struct probe_run *run, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase);

/* The same for a libuv error code of a local call: state error, reason by the code. */
void probe_run_settle_local(struct probe_run *run, int uv_code, enum probe_phase phase);

/* The reason a libuv (negative errno) code of a local call stands for. */
enum probe_reason probe_reason_from_code(int uv_code);

/*
 * Kinds that are not paced and open one connection after another: the one in hand is
 * closed (probe_run_drop() is enough) and the next is to be opened. True: now, in the
 * same slot. False: grant() follows when it may, and no deadline runs until then; or
 * the run has settled. Each connection has the whole time limit.
 */
bool probe_run_next(struct probe_run *run);

/* The whole time limit from now on, once more: an answer came that could not be read
 * in time. For kinds that are not paced, from ops->expired. */
void probe_run_extend(struct probe_run *run);

/* One line about what happens, for whoever watches; cheap when nobody does. */
void probe_run_tell(struct probe_run *run, enum probe_phase phase, const char *format,
	...) __attribute__((format(printf, 3, 4)));

/*
 * Paced kinds: asks for one more connection slot. Each call leads to one grant(),
 * later, never from inside, unless the run settles first. A run starts with one slot
 * granted and start() is its grant. Each slot of a run, of any kind, comes back through
 * env->release exactly once: here, or just before done().
 */
void probe_run_want(struct probe_run *run);

/* Paced kinds: one connection ended and its slot is free. The rest goes at the end. */
void probe_run_release(struct probe_run *run);

/*
 * Paced kinds: one connection ended and the next may start at once in its slot, which
 * stays granted: what release, want and grant would come to, without the detour. False
 * when the pace has no room now or others wait: then release and want.
 */
bool probe_run_again(struct probe_run *run);

#endif
