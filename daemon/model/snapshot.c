/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/model/snapshot.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

int snapshot_init(struct snapshot *snapshot)
{
	uint32_t number;

	*snapshot = (struct snapshot){.scan = 0};
	arena_init(&snapshot->arena, 0);
	/* Texts come from a file that somebody may have made up: no fixed seed. */
	intern_init(&snapshot->texts, clock_monotonic_us());
	return intern_add(&snapshot->texts, "", &number);
}

void snapshot_fini(struct snapshot *snapshot)
{
	free(snapshot->hosts);
	free(snapshot->checks);
	free(snapshot->rule_sets);
	free(snapshot->flows);
	free(snapshot->times);
	intern_fini(&snapshot->texts);
	arena_fini(&snapshot->arena);
	*snapshot = (struct snapshot){.scan = 0};
}

int snapshot_text(struct snapshot *snapshot, const char *text, uint32_t *number)
{
	*number = 0;
	if (!text || !*text || intern_find(&snapshot->texts, text, number))
		return 0;
	return intern_add(&snapshot->texts, text, number);
}

/* ---- matching -------------------------------------------------------------------- */

struct matching {
	const struct snapshot *before, *after;
	struct intern names; /* hosts of `before`, then its checks */
	uint32_t *check_of;  /* per check of `after`: that of `before` */
	uint32_t *flow_of;   /* per check of `before`: its flow on this host ... */
	uint32_t *host_of;   /* ... when that host is the one named here, plus 1 */
	uint32_t *places;
};

static int match_checks(struct matching *m)
{
	struct intern names;
	uint32_t number;
	int rc = 0;

	intern_init(&names, clock_monotonic_us());
	for (uint32_t i = 0; i < m->before->n_checks && rc == 0; i++)
		rc = intern_add(&names, m->before->checks[i].name, &number);
	for (uint32_t i = 0; i < m->after->n_checks; i++)
		if (!intern_find(&names, m->after->checks[i].name, &m->check_of[i]))
			m->check_of[i] = SNAPSHOT_NOWHERE;
	intern_fini(&names);
	return rc;
}

/* The flows of one host in both. */
static void match_host(struct matching *m, uint32_t after, uint32_t before)
{
	const struct snapshot_host *then = &m->before->hosts[before];
	const struct snapshot_host *now = &m->after->hosts[after];

	for (uint32_t i = then->first_flow; i < then->first_flow + then->n_flows; i++) {
		uint32_t check = m->before->flows[i].check;
		m->flow_of[check] = i;
		m->host_of[check] = before + 1;
	}
	for (uint32_t i = now->first_flow; i < now->first_flow + now->n_flows; i++) {
		uint32_t check = m->check_of[m->after->flows[i].check];
		if (check != SNAPSHOT_NOWHERE && m->host_of[check] == before + 1)
			m->places[i] = m->flow_of[check];
	}
}

static int match_hosts(struct matching *m)
{
	uint32_t number;
	int rc = 0;

	for (uint32_t i = 0; i < m->before->n_hosts && rc == 0; i++)
		rc = intern_add(&m->names, m->before->hosts[i].name, &number);
	for (uint32_t i = 0; i < m->after->n_hosts && rc == 0; i++)
		if (intern_find(&m->names, m->after->hosts[i].name, &number))
			match_host(m, i, number);
	return rc;
}

int snapshot_match(
	const struct snapshot *before, const struct snapshot *after, uint32_t **places)
{
	struct matching m = {.before = before, .after = after};
	int rc = -ENOMEM;

	*places = NULL;
	if (after->n_flows == 0)
		return 0;
	intern_init(&m.names, clock_monotonic_us());
	m.places = malloc(after->n_flows * sizeof *m.places);
	m.check_of = calloc(after->n_checks, sizeof *m.check_of);
	m.flow_of = calloc(before->n_checks + 1U, sizeof *m.flow_of);
	m.host_of = calloc(before->n_checks + 1U, sizeof *m.host_of);
	if (m.places && m.check_of && m.flow_of && m.host_of) {
		for (uint32_t i = 0; i < after->n_flows; i++)
			m.places[i] = SNAPSHOT_NOWHERE;
		rc = match_checks(&m);
	}
	if (rc == 0)
		rc = match_hosts(&m);
	free(m.check_of);
	free(m.flow_of);
	free(m.host_of);
	intern_fini(&m.names);
	if (rc < 0)
		free(m.places);
	else
		*places = m.places;
	return rc;
}
