/* SPDX-License-Identifier: Apache-2.0 */
/* An incident told in a few lines: what happened, to whom, and what speaks against a
 * wider cause. */
#ifndef DAEMON_RENDER_STORY_H
#define DAEMON_RENDER_STORY_H

#include "daemon/render/page.h"
#include "daemon/render/report.h"

struct story {
	uint32_t id;
	enum change_kind kind;
	char *summary;
	char *where;  /* "regression of dns, tcp/135 on rdls[01:02]" */
	char *stayed; /* "rdls03 stayed open", or "" */
	char *beside; /* "tcp/443 stayed open on the same 2 hosts", or "" */
	char *life;   /* "opens incident 12", or "" */
	char *trace;  /* "where: last answer from 10.1.255.1 at hop 3 ...", or "" */
};

void story_print(const struct story *story, struct page *page);

/* As many as there is room for; the others are counted. */
struct stories {
	uint32_t limit; /* set before the first is added */
	struct story *items;
	uint32_t count, room;
	uint64_t left_out;
};

/* Copies what it needs; zeroed memory is ready. 0 or -ENOMEM. */
int stories_add(struct stories *stories, const struct report_incident *incident);

void stories_fini(struct stories *stories);

/* The sign of a kind of change, in its colour: - regression, failing or removed, +
 * recovery or added, ! exposure, ~ other. */
void story_print_sign(struct page *page, enum change_kind kind);

#endif
