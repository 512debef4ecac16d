/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A time zone as its TZif file has it (RFC 8536, version 2 and later, with the rule for
 * the years to come): what the clock on the wall shows. In place of the C library's
 * localtime(), which knows one zone a process and reads it from the environment.
 * Immutable once read, and read with a bound for everything.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct zone;

#define ZONE_FOLDER "/usr/share/zoneinfo"

/*
 * Reads the bytes of a TZif file; the zone lives in `arena`. 0 with *out; -EINVAL:
 * they are none, or of version 1, or count leap seconds; -ENOMEM.
 */
int zone_parse(const void *data, size_t size, struct arena *arena, struct zone **out);

/*
 * Reads a zone of the system by its name ("Europe/Berlin"); NULL: the machine's own
 * (/etc/localtime, and UTC where there is none). "UTC" needs no file. 0; -ENOENT: there
 * is no such zone, or the name is none; else as above, or what reading met. Blocks on
 * the disk.
 */
int zone_load(const char *name, struct arena *arena, struct zone **out);

/* Seconds east of UTC at a time in seconds since 1970-01-01T00:00:00Z. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_s);

/* What the clock on the wall shows then, as seconds since 1970-01-01T00:00:00 there. */
int64_t zone_local_s(const struct zone *zone, int64_t utc_s);

#endif
