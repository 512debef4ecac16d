/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of one flow, in the same words in every format for people. */
#ifndef DAEMON_RENDER_SENTENCE_H
#define DAEMON_RENDER_SENTENCE_H

#include "base/strbuf.h"
#include "daemon/render/report.h"

/* "filtered, should be open" or "unresolved"; what is expected only where it fails. */
void sentence_state(struct strbuf *out, const struct report_result *result);

/* "no answer to any attempt (3 attempts); ICMP type 3 code 13 from 10.0.0.1": the
 * reason, then the evidence in at most `limit` bytes; several addresses one by one. */
void sentence_why(struct strbuf *out, const struct report_result *result, size_t limit);

/* "open -> filtered", "added, open", "removed, was open", with U+2192. */
void sentence_change(struct strbuf *out, const struct report_change *change);

/* "6 flows: 5 pass, 1 fail, 0 inconclusive". Without zeros but for flows. */
/* Of a diff: what of its sides was not measured and may hide a difference, "scan 11 was
 * degraded: ...; in scan 12, 3 flows could not be measured"; nothing where all was. */
void sentence_doubts(struct strbuf *out, const struct report_summary *summary);

void sentence_totals(struct strbuf *out, const struct report_summary *summary);

/* "1 change", "2 changes" */
void sentence_count(struct strbuf *out, uint64_t count, const char *word);

/* "; 2 flows added or removed", where of all `flows` that differ so many are no changes
 * of reachability; else nothing. */
void sentence_come_and_gone(
	struct strbuf *out, const struct report_summary *summary, uint64_t flows);

#endif
