/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scan's changes make of the incidents that are open, and what people will have
 * been told of each flow once they have heard of it. Pure.
 */
#ifndef DAEMON_ANALYZE_LIFECYCLE_H
#define DAEMON_ANALYZE_LIFECYCLE_H

#include "daemon/analyze/changes.h"
#include "daemon/model/lifecycle.h"

/* What one incident of the set is to people. */
struct reported_incident {
	int64_t number; /* of the one that it opens, or that it is about; 0: of none */
	char uid[INCIDENT_UID]; /* likewise, or its own */
	enum incident_status status;
	bool opens;
	bool muted;           /* and not told; the rest is empty */
	const uint32_t *open; /* indexes of the open incidents that it shrinks or
				 mentions, by number */
	uint32_t n_open;
};

enum reported_step {
	REPORTED_AS_BEFORE,
	REPORTED_NOW, /* what is reported becomes what this scan saw */
};

struct lifecycle {
	struct arena arena;
	struct reported_incident *reported; /* per incident of the set */
	uint8_t *steps;      /* per flow of the scan: enum reported_step */
	uint32_t *incidents; /* per flow: number of the incident it is part of now; 0 */
	int64_t next;        /* number of the next one to be opened */
};

/* How it is settled. */
struct lifecycle_terms {
	int64_t next;     /* number of the first one to be opened */
	uint64_t seed[2]; /* random: uids are made of it */
	bool adopt;       /* everything is taken as it is, and nothing told:
			     `notify: {first_scan: no}` */
};

/*
 * Settles a scan: fills `left` of each open incident. `set` is what changes_due() made
 * of the other arguments. 0 (lifecycle_fini() it) or -ENOMEM.
 */
int lifecycle_settle(const struct snapshot *before, const uint32_t *places,
	const struct snapshot *now, const struct change_set *set,
	const struct lifecycle_terms *terms, struct open_incidents *open,
	struct lifecycle *out);

void lifecycle_fini(struct lifecycle *lifecycle);

/* The uid of the incident with that number, of a scan with that seed. */
void lifecycle_uid(const uint64_t seed[2], int64_t number, char uid[INCIDENT_UID]);

#endif
