/* SPDX-License-Identifier: Apache-2.0 */
/* The flows of a report for people, folded apart by verdict; see digest.h. */
#ifndef DAEMON_RENDER_FINDINGS_H
#define DAEMON_RENDER_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/render/digest.h"
#include "daemon/render/report.h"

struct findings {
	/* Set before the first is added, and the limits of the digests too. */
	size_t evidence_limit; /* bytes of it in a line */
	bool without_passes;   /* they are not kept */
	/* The mark of an entry is its enum matrix_mark. */
	struct digest failing, unsure, passing;
	struct digest silenced; /* those that do not pass */
};

/* Zeroed memory is ready. 0 or -ENOMEM. */
int findings_add(struct findings *findings, const struct report_result *result);

void findings_fini(struct findings *findings);

#endif
