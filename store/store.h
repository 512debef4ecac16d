/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was seen, in one SQLite file, as intervals: "this flow was in this state from
 * scan a on". A scan that changes nothing adds a row for itself and round-trip
 * roll-ups, no more. A scan is recorded in one transaction or not at all. Plain rows
 * in, plain rows out: the store knows words, not what they mean. The only user of
 * sqlite3.h is this folder. A handle is for one thread at a time.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct outbox_put; /* store/outbox.h */

enum store_mode {
	STORE_READ,  /* the file must exist; any number of readers beside a writer */
	STORE_NOTE,  /* the file must exist; baselines and silences may be written, also
			beside a writer */
	STORE_WRITE, /* made when missing, migrated when older; one at a time per file
		      */
};

/* Why a call failed, for people: one line with the path and what to do. */
struct store_error {
	char text[512];
};

/*
 * Opens. STORE_WRITE takes the writer's lock (held till close; -EBUSY with the holder
 * named when another writer still lives after a second) and marks scans that a dead
 * writer left behind as interrupted. A file that is no reachd database, is corrupt, or
 * is of a newer schema is refused and never written. Returns 0 or a negative errno with
 * *error filled. Blocks.
 */
int store_open(const char *path, enum store_mode mode, struct store **out,
	struct store_error *error);

/* NULL is harmless. */
void store_close(struct store *store);

/* True when the file that is open no longer stands at its path: whatever is written to
 * it from now on is refused. */
bool store_is_lost(const struct store *store);

/* The last failure on this handle, one line. */
const char *store_last_error(const struct store *store);

/* ---- scans ------------------------------------------------------------------- */

enum store_scan_status {
	STORE_SCAN_RUNNING,
	STORE_SCAN_COMPLETE,
	STORE_SCAN_INTERRUPTED
};

struct store_scan {
	int64_t id; /* 1, 2, 3 ...: the number people see; never reused */
	const char *vantage;
	enum store_scan_status status;
	int64_t started_us, finished_us; /* wall clock; finished 0 while running */
	uint64_t duration_us;
	uint64_t flows, pass, fail, inconclusive;
	uint64_t changes;
	bool degraded;
	char degraded_why[24]; /* a word, or "" */
	uint64_t scope;        /* hash of the flows' keys: equal means the same set */
	uint64_t unmeasured;   /* of the flows that it asked: this machine could not */
	uint64_t carried;      /* of the flows: not asked by this scan, see store_row */
};

/* Writes the row of a scan that starts now, in a transaction of its own. */
int store_scan_begin(
	struct store *store, const char *vantage, int64_t started_us, int64_t *id);

/* What people were told of a flow. */
struct store_reported {
	const char *state, *reason, *identity, *verdict; /* words */
	int64_t incident; /* the open one that says so; 0: none */
};

/* What a scan saw of one flow. Pointers are read before the iterator is called again.
 */
struct store_row {
	const char *host, *check;
	const char *state;          /* word; ignored when !measured */
	const char *reason, *phase; /* words */
	const char *
		identity; /* "" or what else must be equal to be the same observation */
	const char *evidence; /* JSON object or "" */
	const char *expect;   /* word */
	const char *verdict;  /* word; where the flow has a gap, that of the state it
				 had before stays */
	const char *rules;    /* JSON array of names */
	bool measured;   /* false: local trouble; recorded as a gap with its reason */
	bool carried;    /* the scan did not ask it, and what is known of it stays as it
			    is; where nothing is, it is one that was not measured */
	uint32_t rtt_us; /* 0: none; else goes into the hour's roll-up */
	uint64_t question; /* a hash of what was asked: options and addresses */
	bool proved;       /* the state is proof of a block by its own control. Both are
			      ignored when carried, and this one also when not measured */
	/* What people have been told of it by the end of this scan; NULL: as before.
	 * Give it where it differs: each one costs a look at the flow's row. */
	const struct store_reported *reported;
	bool forget_reported; /* nothing is reported any more; `reported` is NULL */
};

/* Flows that changed, or fail, for one cause. Open from the scan that reports it until
 * no flow is left that it was reported for. */
struct store_incident {
	int64_t id;      /* 1, 2, 3 ...: the number people see; never reused */
	const char *uid; /* 32 hexadecimal digits */
	const char *vantage;
	const char *kind, *summary;
	const char *body; /* JSON object */
	int64_t opened_scan, opened_us;
	int64_t changed_scan;           /* the newest one that changed it */
	int64_t closed_scan, closed_us; /* 0: it is open */
	uint64_t flows;                 /* when it was opened */
	uint64_t remaining; /* those it is still reported for; 0: it is closed */
};

/* What a scan made of an incident that is open. */
struct store_incident_update {
	int64_t id;
	uint64_t remaining; /* 0: closed by this scan */
};

/* A host as the inventory has it now; for grouping later. */
struct store_host {
	const char *name;
	const char *groups; /* JSON array of names */
	const char
		*addresses; /* JSON array of addresses probed last; NULL: as before */
};

struct store_record {
	int64_t scan;
	struct store_scan totals; /* id, vantage, status and started_us are ignored */
	/* Yields rows in any order, each flow once: 1 with a row, 0 at the end, or a
	 * negative errno, which ends the recording. */
	int (*next)(void *data, struct store_row *row);
	void *next_data;
	int (*next_host)(void *data, struct store_host *host); /* likewise */
	void *next_host_data;
	const char *const
		*idle; /* the `rules` of the rows that are carried, each once */
	size_t n_idle;
	const struct outbox_put *outbox; /* what people are to be told; NULL: nothing */
	/* Incidents that this scan opens, with numbers from store_incident_next() on,
	 * rising; vantage, opened, changed and closed are ignored. One with nothing
	 * remaining is closed by the same scan. */
	const struct store_incident *opened;
	size_t n_opened;
	const struct store_incident_update *updates; /* of those opened before */
	size_t n_updates;
};

/*
 * Records a whole scan in one transaction and marks it complete. Flows of this vantage
 * that are not among the rows are closed as removed; a row whose (state, reason,
 * identity) equals the open interval's adds nothing. A row that is not measured leaves
 * its interval open and adds a gap; a flow that is new has an interval with the state
 * "" until it is measured. A flow that is removed is no longer reported. The scan must
 * be running and newer than every complete one of its vantage, and incidents as said
 * above (-EINVAL). next_host may be NULL. 0, or a negative errno: the store is
 * as it was.
 */
int store_scan_record(struct store *store, const struct store_record *record);

/* Marks it interrupted; the rest of the store stays as it was. Harmless when repeated;
 * -ENOENT; -EINVAL when it is complete. */
int store_scan_interrupt(struct store *store, int64_t id);

/* The newest complete scan (of one vantage, or of any when NULL); -ENOENT: none. Text
 * in *scan lives until the next call on this handle. */
int store_scan_last(struct store *store, const char *vantage, struct store_scan *scan);

/* By number; -ENOENT: there never was one; -ENODATA: it was pruned. */
int store_scan_get(struct store *store, int64_t id, struct store_scan *scan);

/* The newest complete scan that finished at or before a time; -ENOENT; -ENODATA: those
 * of that time were pruned. */
int store_scan_at(struct store *store, const char *vantage, int64_t wall_us,
	struct store_scan *scan);

/* Newest first, at most `limit`; `each` returns false to stop. */
int store_scan_list(struct store *store, unsigned limit,
	bool (*each)(void *data, const struct store_scan *scan), void *data);

/* ---- retention --------------------------------------------------------------- */

struct store_retention {
	int64_t now_us;      /* wall clock */
	uint64_t history_us; /* scans that finished longer ago go, with what ended
				before a younger one */
	uint64_t rtt_us;     /* so do the round-trip times of such hours */
};

/*
 * Lets go of what is older, of one vantage: one bounded batch, in a transaction of its
 * own; *more: another call has more to do. What is too old is gone for readers with the
 * first batch; the others make room. Whatever the clock says, the ten newest scans
 * stay, and they tell what time it is: a clock that is ahead for less than ten scans
 * costs nothing. Scans with a baseline stay whole, as do intervals that are open:
 * -ENODATA where a scan is asked for that is gone. 0 or a negative errno: nothing was
 * let go.
 */
int store_prune(struct store *store, const char *vantage,
	const struct store_retention *keep, bool *more);

/* *scan: the scans of a vantage up to this one are gone, but for those with a baseline;
 * 0: none is. 0 or a negative errno. */
int store_pruned(struct store *store, const char *vantage, int64_t *scan);

/* ---- flows ------------------------------------------------------------------- */

/* A flow as it was at one scan. Text lives during the callback only. */
struct store_flow {
	const char *vantage, *host, *check;
	const char *state, *reason, *phase, *identity, *evidence;
	const char *expect, *verdict, *rules; /* of the newest scan, not of that one */
	const char *groups, *addresses;       /* of the host, likewise */
	int64_t since_scan; /* the scan that saw it first in this state and reason */
	int64_t since_us;   /* when that scan finished */
	/* The older scan that asked it last, and when that started; 0: the scan itself,
	 * or not known. Only the newest scan's are. */
	int64_t asked_scan, asked_us;
	bool gap; /* that scan itself could not measure it: the state is an older one;
		     state "" when it never was measured; gap_reason says why */
	const char *gap_reason;
	/* For a gap: the scan that measured the flow last, and when it finished; 0:
	 * none did. The time is 0 when that scan was pruned. */
	int64_t measured_scan, measured_us;
	/* As of the newest scan; false and 0 for an older one. */
	bool is_reported;
	struct store_reported reported;
	uint64_t question; /* of the scan that asked last */
	bool proved;       /* the state was, by its own control */
};

/* Every flow that was in the scope of the complete scan `id` (its vantage's), by host
 * and then by check, both in the order of first recording. -ENOENT; -ENODATA; -EINVAL
 * when it is not complete. Text shared by neighbours (host, groups ...) is one pointer.
 */
int store_flows_at(struct store *store, int64_t id,
	bool (*each)(void *data, const struct store_flow *flow), void *data);

/*
 * Flows that differ between two complete scans of one vantage, a not newer than b, b's
 * side and a's side: state "" on the side where the flow was not in scope (reason "",
 * too) or never had been measured (reason: why not). Flows whose state and identity are
 * equal on both sides are left out. Cost follows the number of changed flows, not of
 * flows. -ENOENT; -ENODATA; -EINVAL when a scan is not complete, of another vantage, or
 * a > b.
 */
struct store_change {
	const char *vantage, *host, *check;
	const char *from_state, *from_reason, *from_identity;
	const char *to_state, *to_reason, *to_phase, *to_identity, *to_evidence;
	const char *expect, *rules, *groups, *addresses;
};
int store_changes(struct store *store, int64_t a, int64_t b,
	bool (*each)(void *data, const struct store_change *change), void *data);

/* One row of a flow's history, oldest first. State "": not measured yet. -ENOENT: no
 * scan that is kept has such a flow; so for the next two. */
struct store_interval {
	const char *state, *reason, *phase, *identity, *evidence;
	int64_t from_scan, to_scan; /* last scan it held for; 0: still holds */
	int64_t from_us, to_us;     /* when those finished; to_us 0: still holds */
	bool removed;               /* ended because the flow left the inventory */
};
int store_history(struct store *store, const char *vantage, const char *host,
	const char *check,
	bool (*each)(void *data, const struct store_interval *interval), void *data);

/* Scans that could not measure a flow, oldest first. */
int store_gaps(struct store *store, const char *vantage, const char *host,
	const char *check,
	bool (*each)(void *data, int64_t scan, int64_t wall_us, const char *reason),
	void *data);

/* Every change of state or identity of a vantage's flows that a scan from `since` on
 * saw, by flow and then oldest first. What a flow entered the inventory with is none.
 */
struct store_move {
	const char *host, *check;
	const char *from_state, *from_identity; /* never "": measured on both sides */
	const char *to_state, *to_identity;
	int64_t scan;
};
int store_moves(struct store *store, const char *vantage, int64_t since,
	bool (*each)(void *data, const struct store_move *move), void *data);

/* Round-trip times of one flow, oldest first, an entry an hour (that in which its scans
 * started) that has any. */
struct store_rtt {
	int64_t hour_us; /* start of the hour, UTC */
	uint32_t min_us, mean_us, max_us;
	uint32_t count; /* at most 65535 */
};
int store_rtts(struct store *store, const char *vantage, const char *host,
	const char *check, bool (*each)(void *data, const struct store_rtt *rtt),
	void *data);

/* Flows whose "host check" text contains `text`, ASCII case ignored: for "did you
 * mean". */
int store_find_flows(struct store *store, const char *text, unsigned limit,
	bool (*each)(
		void *data, const char *vantage, const char *host, const char *check),
	void *data);

/* ---- incidents --------------------------------------------------------------- */

/* The number of the next one. The writer alone may rely on it. -EBADMSG: only damage
 * can have used up so many. */
int store_incident_next(struct store *store, int64_t *id);

/* Those of a vantage (NULL: of all), oldest first; `each` returns false to stop. */
int store_incident_list(struct store *store, const char *vantage, bool open_only,
	bool (*each)(void *data, const struct store_incident *incident), void *data);

/* By number. -ENOENT: the vantage (NULL: any) never had one; -ENODATA: it was pruned.
 * Text in *out lives until the next call on this handle. */
int store_incident_get(struct store *store, const char *vantage, int64_t id,
	struct store_incident *out);

/* ---- baselines --------------------------------------------------------------- */

struct store_baseline {
	const char *name;
	int64_t scan;
	int64_t saved_us;
};

/* Names a complete scan (-ENOENT, -ENODATA, -EINVAL when it is not); an existing name
 * is -EEXIST unless `replace`. */
int store_baseline_save(struct store *store, const char *name, int64_t scan,
	int64_t wall_us, bool replace);

/* -ENOENT when there is none of that name. baseline->name is `name`. */
int store_baseline_get(
	struct store *store, const char *name, struct store_baseline *baseline);

/* -ENOENT likewise. */
int store_baseline_remove(struct store *store, const char *name);

/* In the order they were saved. */
int store_baseline_list(struct store *store,
	bool (*each)(void *data, const struct store_baseline *baseline), void *data);

/* ---- silences ---------------------------------------------------------------- */

/* What is recorded as usual but not reported. A flow must match all patterns. */
struct store_silence {
	int64_t id; /* 1, 2, 3 ...; never reused */
	const char *vantage, *host, *group, *rule, *check; /* patterns; "": any */
	int64_t from_us, until_us;                         /* wall clock */
	int64_t ended_us;   /* when it was ended by hand; 0: it was not */
	int64_t after_scan; /* the newest complete one when it was made: a clock that is
			       set can't mistake it; 0: there was none */
	const char *why;
};

/* Adds one; id, ended_us and after_scan are ignored. 0 with *id, or a negative errno.
 */
int store_silence_add(
	struct store *store, const struct store_silence *silence, int64_t *id);

/* Ends it before its time. -ENOENT: there is none; -EINVAL: it is over already. */
int store_silence_end(struct store *store, int64_t id, int64_t wall_us);

/* All there ever were, oldest first; `each` returns false to stop. */
int store_silence_list(struct store *store,
	bool (*each)(void *data, const struct store_silence *silence), void *data);

#endif
