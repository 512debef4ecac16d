/* SPDX-License-Identifier: Apache-2.0 */
/* Notices as daemon/notify is given them. */
#ifndef TESTS_SUPPORT_NOTICE_SAMPLE_H
#define TESTS_SUPPORT_NOTICE_SAMPLE_H

#include <jansson.h>

#include "base/strbuf.h"

/*
 * Fails the test unless the output of `add` for all samples equals the file
 * golden/NAME, see report_sample_check(). The samples: a regression, its recovery, a
 * test, a digest of the first two, an incident that is opened, updated, and closed with
 * another one that shrinks, and one whose every string tries to break the output.
 */
void notice_sample_check(
	const char *name, void (*add)(struct strbuf *out, const json_t *message));

#endif
