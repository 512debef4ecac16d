/* SPDX-License-Identifier: Apache-2.0 */
/* A small scan, diff and status as every writer of daemon/render is given them. */
#ifndef TESTS_SUPPORT_REPORT_SAMPLE_H
#define TESTS_SUPPORT_REPORT_SAMPLE_H

#include "daemon/render/report.h"

/* Feeds a report that has begun with the sample of its command: "scan", "diff",
 * "status", "hostile", a scan whose every string tries to break the output, or "quiet",
 * a diff with results of what is silenced and flaps. Returns what the first failing
 * call did. */
int report_sample_feed(struct report *report, const char *command);

/* The whole output of a writer for a sample; malloc'ed. width 0: no limit. */
char *report_sample_text(
	const char *format, const char *command, bool colour, unsigned width);

/*
 * Fails the test unless the output equals the file golden/NAME. With the environment
 * variable REACHD_UPDATE_GOLDEN set the file is written instead.
 */
void report_sample_check(const char *name, const char *output);

#endif
