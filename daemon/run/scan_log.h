/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon writes to its log: about scans, and about itself. */
#ifndef DAEMON_RUN_SCAN_LOG_H
#define DAEMON_RUN_SCAN_LOG_H

#include "base/strbuf.h"
#include "daemon/run/generation.h"
#include "daemon/scan/one_scan.h"

/* What is watched, and how often. */
void scan_log_start(const struct generation *generation);

/* That a scan starts so much later than it was due, if that is a second or more; the
 * previous one took `last_us`. */
void scan_log_late(int64_t late_us, uint64_t last_us);

/* Appends "scan 12: 6 flows: 5 pass, 1 fail; 1 change in 1 incident", or "...; not
 * stored". */
void scan_log_totals(struct strbuf *out, const struct one_scan *scan);

/* A scan that has ended well, on its thread, which still has the store. What is
 * silenced is written with --verbose alone. */
void scan_log_write(const struct one_scan *scan);

#endif
