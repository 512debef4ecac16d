/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/notices.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/render/incident_json.h"

struct making {
	const struct plan *plan;
	int64_t time_us;
	struct notices *out;
};

/* ---- what an incident is about ----------------------------------------------- */

/* The names whose mark is set, in the order of their indexes. */
static json_t *marked_names(const bool *marks, uint32_t count,
	const char *(*name)(const void *of, uint32_t i), const void *of)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < count; i++) {
		if (!marks[i] ||
			json_array_append_new(list, json_text(name(of, i))) == 0)
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

static const char *rule_name(const void *of, uint32_t i)
{
	const struct rule_list *rules = of;

	return rules->rules[i].name;
}

static json_t *rules_of(const struct incident *incident, const struct plan *plan)
{
	const struct rule_list *rules = &plan->config->rules;
	bool *marks = calloc(rules->count + 1, sizeof *marks);
	json_t *list;

	if (!marks)
		return NULL;
	for (uint32_t i = 0; i < incident->n_flows; i++) {
		uint32_t set = plan->flows[incident->flows[i]].rules;
		if (set >= plan->n_rule_sets)
			continue;
		for (uint32_t j = 0; j < plan->rule_sets[set].count; j++)
			marks[plan->rule_sets[set].rules[j]] = true;
	}
	list = marked_names(marks, rules->count, rule_name, rules);
	free(marks);
	return list;
}

static const char *group_name(const void *of, uint32_t i)
{
	const struct incident_input *input = of;

	return input->groups[i];
}

static json_t *groups_of(
	const struct incident *incident, const struct incident_input *input)
{
	bool *marks = calloc(input->n_groups + 1, sizeof *marks);
	json_t *list;

	if (!marks)
		return NULL;
	for (uint32_t i = 0; i < incident->n_flows; i++) {
		uint32_t host = input->flows[incident->flows[i]].host;
		for (uint32_t j = 0; j < input->hosts[host].n_groups; j++)
			marks[input->hosts[host].groups[j]] = true;
	}
	list = marked_names(marks, input->n_groups, group_name, input);
	free(marks);
	return list;
}

/* ---- notices ----------------------------------------------------------------- */

static char *take_text(struct json_filler *filler)
{
	json_t *object = json_filler_take(filler);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	return text;
}

static void put_time(struct json_filler *filler, int64_t time_us)
{
	char text[32];

	json_put_text(filler, "time", clock_format(time_us, text, sizeof text));
}

static int add_incident(void *data, const struct report_incident *incident)
{
	struct making *making = data;
	struct json_filler body;
	char *text;

	if (incident->quiet)
		return 0;
	incident_json_fill(&body, incident);
	json_put_text(&body, "vantage", incident->input->vantage);
	put_time(&body, making->time_us);
	/* Of an impaired vantage people hear whatever they want to hear of. */
	if (incident->incident->scope != INCIDENT_VANTAGE) {
		json_put(&body, "rules", rules_of(incident->incident, making->plan));
		json_put(&body, "groups",
			groups_of(incident->incident, incident->input));
	}
	text = take_text(&body);
	if (!text)
		return -ENOMEM;
	making->out->bodies[making->out->count++] = text;
	return 0;
}

int notices_of_scan(const struct change_set *changes, const struct plan *plan,
	int64_t scan, int64_t time_us, struct notices *out)
{
	struct making making = {plan, time_us, out};
	int rc;

	*out = (struct notices){
		.bodies = calloc(changes->n_incidents + 1, sizeof *out->bodies)};
	rc = out->bodies ? changes_incidents(changes, scan, add_incident, &making)
			 : -ENOMEM;
	if (rc < 0)
		notices_fini(out);
	return rc;
}

void notices_fini(struct notices *notices)
{
	for (size_t i = 0; i < notices->count; i++)
		free(notices->bodies[i]);
	free(notices->bodies);
	*notices = (struct notices){0};
}

char *notice_of_test(const char *vantage, int64_t time_us)
{
	struct json_filler body;

	json_filler_init(&body);
	json_put_text(&body, "type", "test");
	json_put_text(&body, "summary",
		"this is a test: reachd can tell this receiver what changes");
	json_put_number(&body, "changes", 0);
	json_put_text(&body, "kind", "test");
	json_put_text(&body, "vantage", vantage);
	put_time(&body, time_us);
	return take_text(&body);
}
