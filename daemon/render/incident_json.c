/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/incident_json.h"

#include "base/clock.h"

/* Members of an incident that are listed by name. */
#define MAX_LISTED 100

static json_t *flow_object(const struct incident_input *input, uint32_t index)
{
	const struct incident_flow *flow = &input->flows[index];
	struct json_filler filler;

	json_filler_init(&filler);
	json_put_text(&filler, "host", input->hosts[flow->host].name);
	json_put_text(&filler, "check", input->checks[flow->check]);
	return json_filler_take(&filler);
}

static json_t *unchanged_list(
	const struct incident *incident, const struct incident_input *input)
{
	uint32_t n = incident->n_unchanged < INCIDENT_MAX_UNCHANGED
			     ? incident->n_unchanged
			     : INCIDENT_MAX_UNCHANGED;
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < n; i++) {
		if (json_array_append_new(
			    list, flow_object(input, incident->unchanged[i])) == 0)
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

/* The first names met, each once. Flows come by host, so hosts that repeat are
 * neighbours; checks are few. */
static json_t *name_list(
	const struct incident *incident, const struct incident_input *input, bool hosts)
{
	uint32_t met[MAX_LISTED], n = 0;
	const char *names[MAX_LISTED];

	for (uint32_t i = 0; i < incident->n_flows && n < MAX_LISTED; i++) {
		const struct incident_flow *flow = &input->flows[incident->flows[i]];
		uint32_t index = hosts ? flow->host : flow->check;
		uint32_t at = n;

		while (at > 0 && met[at - 1] != index)
			at--;
		if (at > 0)
			continue;
		names[n] = hosts ? input->hosts[index].name : input->checks[index];
		met[n++] = index;
	}
	return json_text_list(names, n);
}

static json_t *host_list(
	const uint32_t *hosts, uint32_t n, const struct incident_input *input)
{
	const char *names[INCIDENT_MAX_NAMED];

	for (uint32_t i = 0; i < n; i++)
		names[i] = input->hosts[hosts[i]].name;
	return json_text_list(names, n);
}

static json_t *contrast_object(const struct incident *incident)
{
	struct json_filler filler;

	json_filler_init(&filler);
	json_put_text(&filler, "check", incident->contrast_check);
	json_put_state(&filler, "state", incident->contrast_state);
	json_put_number(&filler, "hosts", incident->contrast_hosts);
	return json_filler_take(&filler);
}

static json_t *scope_object(
	const struct incident *incident, const struct incident_input *input)
{
	struct json_filler scope;

	json_filler_init(&scope);
	json_put_text(&scope, "kind", incident_scope_word(incident->scope));
	json_put_text_if(&scope, "check", incident->check);
	json_put_text_if(&scope, "host", incident->host);
	json_put_text_if(&scope, "group", incident->group);
	json_put_text_if(&scope, "subnet", incident->subnet);
	json_put_text_if(&scope, "range", incident->range);
	if (incident->n_groups)
		json_put(&scope, "groups",
			json_text_list(incident->groups, incident->n_groups));
	if (incident->n_but)
		json_put(&scope, "but",
			host_list(incident->but, incident->n_but, input));
	if (incident->n_also)
		json_put(&scope, "and",
			host_list(incident->also, incident->n_also, input));
	json_put_text_if(&scope, "cause", incident->cause);
	json_put_state(&scope, "from", incident->from);
	json_put_state(&scope, "to", incident->to);
	json_put(&scope, "checks", name_list(incident, input, false));
	json_put(&scope, "hosts", name_list(incident, input, true));
	json_put_number(&scope, "n_hosts", incident->n_hosts);
	json_put_number(&scope, "of_hosts", incident->of_hosts);
	json_put(&scope, "unchanged", unchanged_list(incident, input));
	json_put_number(&scope, "n_unchanged", incident->n_unchanged);
	if (incident->contrast_check)
		json_put(&scope, "contrast", contrast_object(incident));
	return json_filler_take(&scope);
}

/* ---- its life ---------------------------------------------------------------- */

static json_t *ref_object(const struct report_incident_ref *ref)
{
	struct json_filler filler;
	char text[32];

	json_filler_init(&filler);
	json_put_text(&filler, "uid", ref->uid);
	json_put_number(&filler, "number", ref->number);
	json_put_text(&filler, "kind", change_kind_word(ref->kind));
	json_put_text(&filler, "status", incident_status_word(ref->status));
	json_put_text(
		&filler, "opened", clock_format(ref->opened_us, text, sizeof text));
	json_put_number(&filler, "flows", (int64_t)ref->flows);
	json_put_number(&filler, "remaining", (int64_t)ref->remaining);
	return json_filler_take(&filler);
}

static json_t *ref_list(const struct report_incident_ref *refs, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, ref_object(&refs[i])) == 0)
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

/* The incident that the notice is about, and those that it shrinks or closes. */
void incident_json_put_life(
	struct json_filler *body, const struct report_incident *incident)
{
	/* It may be over while another that it stands for is not. */
	bool is_ref = incident->n_refs && incident->refs[0].number == incident->number;
	const struct report_incident_ref about = {
		.number = incident->number,
		.uid = incident->uid,
		.kind = incident->opening,
		.opened_us = incident->opened_us,
		.flows = incident->flows,
		.remaining = incident->remaining,
		.status = is_ref ? incident->refs[0].status : incident->status,
	};

	json_put_text(body, "status", incident_status_word(incident->status));
	json_put(body, "incident", ref_object(&about));
	if (incident->n_refs)
		json_put(body, "incidents", ref_list(incident->refs, incident->n_refs));
}

/* ---- the incident -------------------------------------------------------------- */

void incident_json_fill(
	struct json_filler *line, const struct report_incident *incident)
{
	const struct incident *what = incident->incident;

	json_filler_init(line);
	json_put_text(line, "type", "incident");
	json_put_number_or_null(line, "scan", incident->scan);
	json_put_number(line, "id", what->id);
	json_put_text(line, "summary", what->summary);
	json_put_number(line, "changes", what->n_flows);
	json_put_text(line, "kind", change_kind_word(what->kind));
	json_put(line, "scope", scope_object(what, incident->input));
	json_put_text_if(line, "trace", incident->trace);
	if (incident->silenced)
		json_put(line, "silenced", json_true());
	if (incident->quiet)
		json_put(line, "quiet", json_true());
	if (incident->number)
		incident_json_put_life(line, incident);
}
