/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/findings.h"

#include <errno.h>

#include "daemon/render/matrix.h"
#include "daemon/render/sentence.h"

static struct digest *digest_of(
	struct findings *findings, const struct report_result *result)
{
	enum verdict verdict = result->verdict;

	if (result->silence && verdict != VERDICT_PASS)
		return &findings->silenced;
	if (verdict == VERDICT_FAIL)
		return &findings->failing;
	if (verdict == VERDICT_INCONCLUSIVE)
		return &findings->unsure;
	return findings->without_passes ? NULL : &findings->passing;
}

int findings_add(struct findings *findings, const struct report_result *result)
{
	struct digest *digest = digest_of(findings, result);
	struct strbuf state, why;
	struct digest_flow flow = {
		.mark = matrix_mark_of(result),
		.host = result->host,
		.subject = result->check,
		.since_us = result->since_us,
	};
	int rc = -ENOMEM;

	if (!digest)
		return 0;
	strbuf_init(&state);
	strbuf_init(&why);
	sentence_state(&state, result);
	sentence_why(&why, result, findings->evidence_limit);
	flow.state = state.text;
	flow.why = why.text;
	if (!state.failed && !why.failed)
		rc = digest_add(digest, &flow);
	strbuf_fini(&state);
	strbuf_fini(&why);
	return rc;
}

void findings_fini(struct findings *findings)
{
	digest_fini(&findings->failing);
	digest_fini(&findings->unsure);
	digest_fini(&findings->silenced);
	digest_fini(&findings->passing);
}
