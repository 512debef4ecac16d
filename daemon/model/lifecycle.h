/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an incident: a scan opens it, it shrinks as flows recover, and closes. */
#ifndef DAEMON_MODEL_LIFECYCLE_H
#define DAEMON_MODEL_LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum incident_status {
	INCIDENT_OPENED,
	INCIDENT_UPDATED,
	INCIDENT_CLOSED
};

/* "opened", "updated", "closed". Static. */
const char *incident_status_word(enum incident_status status);

#define INCIDENT_UID 33 /* 32 hexadecimal digits and a NUL */

/* One that people were told of and that is not over, as a scan found it. */
struct open_incident {
	int64_t number; /* 1, 2, 3 ... of a store, never used twice */
	char uid[INCIDENT_UID];
	uint8_t kind; /* enum change_kind, of its opening */
	int64_t opened_scan, opened_us;
	uint64_t flows;     /* when it was opened; 0: it is about the vantage itself */
	uint64_t remaining; /* before this scan */
	uint64_t left;      /* after it; 0: this scan closes it */
};

struct open_incidents {
	struct open_incident *items; /* by number */
	size_t count;
};

#endif
