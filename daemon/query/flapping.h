/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which flows change too often to be told each time: flap.h fed with the changes that
 * the store has of late. Nothing but these is kept, so what flaps is the same for all
 * who look, and nothing can get out of step.
 */
#ifndef DAEMON_QUERY_FLAPPING_H
#define DAEMON_QUERY_FLAPPING_H

#include "base/intern.h"
#include "config/settings.h"
#include "daemon/analyze/flap.h"
#include "daemon/engine/results.h"
#include "daemon/query/previous.h"
#include "store/store.h"

struct flap_limits flapping_limits(const struct settings *settings);

/* ---- of a scan that has just been made ---------------------------------------- */

struct flapping {
	uint8_t *phases; /* per flow of the plan: enum flap_phase; NULL: none flaps */
};

/*
 * Where each flow stands, its change of now included. Of one that has ended flapping,
 * `previous` becomes what was told of it last, so that what it settled on is a change
 * where it differs. A degraded scan changes nothing and ends nothing. 0
 * (flapping_fini() it) or a negative errno. Blocks on the disk.
 */
int flapping_of_scan(struct store *store, const struct plan *plan,
	const struct results *results, bool degraded, int64_t now_us,
	struct previous *previous, struct flapping *out);

void flapping_fini(struct flapping *flapping);

/* ---- of stored scans ------------------------------------------------------------ */

/* The flows of a vantage that flap as of its last scan: "host check". */
struct flapping_names {
	struct intern names;
};

/* 0 (flapping_names_fini() it) or a negative errno. Blocks on the disk. */
int flapping_names_load(struct store *store, const char *vantage,
	const struct flap_limits *limits, struct flapping_names *out);

bool flapping_names_has(
	const struct flapping_names *names, const char *host, const char *check);

void flapping_names_fini(struct flapping_names *names);

#endif
