/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hosts file, hosts(5), in memory: every address of a name, as the C library gives
 * them with "multi on". Read again when the file has changed.
 */
#ifndef PROBES_HOSTS_H
#define PROBES_HOSTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/address.h"

#define HOSTS_MAX_BYTES (16 << 20) /* more of a file is not read */

struct hosts_entry;

struct hosts {
	const char *path;
	struct hosts_entry *entries; /* by name, then in file order */
	size_t count;
	char *text;
	/* What the file was when it was read. */
	struct timespec changed;
	off_t size;
	ino_t inode;
};

/* Reads nothing yet; `path` is kept. */
void hosts_init(struct hosts *hosts, const char *path);

/*
 * Writes up to `max` addresses of `name` (case and a trailing dot aside) and returns
 * how many the file has, which may be more. 0 also when it can't be read. Looks at the
 * file's date each time.
 */
size_t hosts_find(struct hosts *hosts, const char *name, struct net_address *addresses,
	size_t max);

void hosts_fini(struct hosts *hosts);

#endif
