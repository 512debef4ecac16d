/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/incident.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/analyze/fold.h"

/* Biggest first; no two incidents share a flow. */
static int compare_incidents(const void *a, const void *b)
{
	const struct incident *x = a, *y = b;

	if (x->n_flows != y->n_flows)
		return x->n_flows > y->n_flows ? -1 : 1;
	return x->flows[0] < y->flows[0] ? -1 : x->flows[0] > y->flows[0];
}

static int describe_all(struct fold *fold, const struct fold_pick *picks,
	uint32_t n_picks, struct arena *arena, struct incident **out)
{
	struct incident *incidents = arena_calloc(arena, n_picks, sizeof *incidents);
	int rc = incidents ? fold_marks_init(fold) : -ENOMEM;

	for (uint32_t i = 0; i < n_picks && rc == 0; i++)
		rc = fold_describe(fold, &picks[i], arena, &incidents[i]);
	if (rc < 0)
		return rc;
	qsort(incidents, n_picks, sizeof *incidents, compare_incidents);
	for (uint32_t i = 0; i < n_picks; i++)
		incidents[i].id = i + 1;
	*out = incidents;
	return 0;
}

int incident_fold(const struct incident_input *input, struct arena *arena,
	struct incident **out, size_t *count)
{
	struct fold fold = {.input = input};
	struct fold_pick *picks = NULL;
	uint32_t n_picks = 0;
	int rc;

	*out = NULL;
	*count = 0;
	arena_init(&fold.scratch, 0);
	rc = fold_prepare(&fold);
	if (rc == 0 && fold.n_changes) {
		rc = fold_propose(&fold);
		if (rc == 0)
			rc = fold_cover(&fold, &picks, &n_picks);
		if (rc == 0)
			rc = fold_by_cause(&fold, picks, &n_picks);
		if (rc == 0)
			rc = describe_all(&fold, picks, n_picks, arena, out);
	}
	fold_fini(&fold);
	*count = rc == 0 ? n_picks : 0;
	return rc;
}
