/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/notices.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/render/incident_json.h"

struct making {
	const struct plan *plan;
	const struct incidents_life *life;
	int64_t time_us;
	bool *named; /* per open incident */
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

/* ---- notices ----------------------------------------------------------------- */

/* Takes the body over. */
static int add_body(struct making *making, struct json_filler *body)
{
	char *text = take_text(body);

	if (!text)
		return -ENOMEM;
	making->out->bodies[making->out->count++] = text;
	return 0;
}

static int add_incident(void *data, const struct report_incident *incident)
{
	struct making *making = data;
	struct json_filler body;

	if (!incident->number)
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
	return add_body(making, &body);
}

/* The incidents that the others name. */
static int mark_named(void *data, const struct report_incident *incident)
{
	struct making *making = data;

	for (size_t i = 0; i < incident->n_refs; i++)
		for (size_t j = 0; j < making->life->open->count; j++)
			if (making->life->open->items[j].number ==
				incident->refs[i].number)
				making->named[j] = true;
	return 0;
}

static int add_gone(struct making *making, const struct open_incident *open)
{
	const struct report_incident gone = {
		.number = open->number,
		.uid = open->uid,
		.opening = (enum change_kind)open->kind,
		.opened_us = open->opened_us,
		.flows = open->flows,
		.status = INCIDENT_CLOSED,
	};
	struct json_filler body;

	json_filler_init(&body);
	json_put_text(&body, "type", "incident");
	json_put_number(&body, "scan", making->life->scan);
	json_put_text(&body, "summary",
		"an incident ends: the last of its flows left the inventory");
	json_put_number(&body, "changes", 0);
	json_put_text(&body, "kind", change_kind_word(CHANGE_REMOVED));
	incident_json_put_life(&body, &gone);
	json_put_text(&body, "vantage", making->plan->config->settings.vantage);
	put_time(&body, making->time_us);
	return add_body(making, &body);
}

int notices_of_scan(const struct change_set *changes, const struct plan *plan,
	const struct incidents_life *life, int64_t time_us, struct notices *out)
{
	struct making making = {plan, life, time_us, NULL, out};
	size_t n_open = life->open->count;
	int rc = -ENOMEM;

	*out = (struct notices){.bodies = calloc(changes->n_incidents + n_open + 1,
					sizeof *out->bodies)};
	making.named = calloc(n_open + 1, sizeof *making.named);
	if (out->bodies && making.named)
		rc = incidents_each(changes, life->scan, life, mark_named, &making);
	if (rc == 0)
		rc = incidents_each(changes, life->scan, life, add_incident, &making);
	for (size_t i = 0; i < n_open && rc == 0; i++)
		if (life->open->items[i].left == 0 && !making.named[i])
			rc = add_gone(&making, &life->open->items[i]);
	free(making.named);
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
