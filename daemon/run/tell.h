/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan of the daemon has found, told: to the log. */
#ifndef DAEMON_RUN_TELL_H
#define DAEMON_RUN_TELL_H

#include "base/strbuf.h"
#include "daemon/scan/one_scan.h"

/* A scan that has ended well, on its thread, which still has the store. What is
 * silenced is told to those alone who want to know everything (--verbose). */
void tell_scan(const struct one_scan *scan);

/* "scan 12: 6 flows: 5 pass, 1 fail; 1 change in 1 incident". */
void tell_totals(struct strbuf *out, const struct one_scan *scan);

#endif
