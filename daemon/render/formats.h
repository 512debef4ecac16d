/* SPDX-License-Identifier: Apache-2.0 */
/* The writers that report.c knows, one file each. */
#ifndef DAEMON_RENDER_FORMATS_H
#define DAEMON_RENDER_FORMATS_H

#include "daemon/render/report.h"

/* For people: a matrix of hosts and checks, what fails and why, incidents. */
extern const struct report_ops report_text;

/* One JSON object a line, see "JSON lines" in reachd(1). */
extern const struct report_ops report_jsonl;

/* RFC 4180, one table for all kinds of records; the first column says which. */
extern const struct report_ops report_csv;

/* JUnit XML as Jenkins, GitLab and others read it. */
extern const struct report_ops report_junit;

/* Test Anything Protocol, version 14. */
extern const struct report_ops report_tap;

/* One HTML page that stands alone. */
extern const struct report_ops report_html;

#endif
