/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many host names in few words: "rdsh[001:248].corp.example, rdls01", as Ansible
 * writes ranges. Names that come in the order of the inventory fold as they come, so
 * that ten thousand of them need no more memory than the few ranges they make; names
 * that fit in no range are kept up to a limit and then only counted.
 */
#ifndef DAEMON_RENDER_HOST_RANGES_H
#define DAEMON_RENDER_HOST_RANGES_H

#include <stdint.h>

#include "base/strbuf.h"

struct host_range {
	char *name;           /* of the first that came */
	uint32_t at, end;     /* its digits that count; equal: none */
	uint64_t first, last; /* numbers */
	uint8_t first_digits, last_digits;
};

struct host_ranges {
	struct host_range *items;
	uint32_t count, capacity;
	uint64_t hosts; /* all that were added */
};

/* Adds a name; one that was the last to be added is not counted again. 0 or -ENOMEM. */
int host_ranges_add(struct host_ranges *ranges, const char *name);

/*
 * Appends the names in about `limit` bytes (0: without limit), then " and N more". Not
 * made visible.
 */
void host_ranges_format(
	const struct host_ranges *ranges, struct strbuf *out, size_t limit);

void host_ranges_fini(struct host_ranges *ranges);

#endif
