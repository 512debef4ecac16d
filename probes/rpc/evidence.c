/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   {"uuid":"3d267954-...","version":"1.0","port":49664,"stages":[
 *    {"phase":"connect","port":135,"elapsed_us":310},
 *    {"phase":"epm","port":135,"elapsed_us":820},
 *    {"phase":"endpoint","port":49664,"elapsed_us":2000123,"state":"filtered",
 *     "reason":"endpoint-filtered"}]}
 *
 * "mapper" has what plain rpc lists, "interfaces" what came of each one in turn.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "probes/evidence.h"
#include "probes/rpc/names.h"
#include "probes/rpc/run.h"

/* ---- text for people */

const char *rpc_time_text(uint32_t us, char out[RPC_TIME_TEXT])
{
	snprintf(out, RPC_TIME_TEXT, "%.1f ms", (double)us / 1e3);
	return out;
}

static const char *named(
	const char *name, const struct uuid_syntax *interface, char out[RPC_NAME_TEXT])
{
	char uuid[UUID_SYNTAX_TEXT];

	uuid_syntax_format(interface, uuid);
	if (*name)
		snprintf(out, RPC_NAME_TEXT, "%.*s (%s)", RPC_LABEL - 1, name, uuid);
	else
		snprintf(out, RPC_NAME_TEXT, "%s", uuid);
	return out;
}

const char *rpc_name_text(const struct uuid_syntax *interface, char out[RPC_NAME_TEXT])
{
	const struct rpc_name *name = rpc_name_of(&interface->uuid);

	return named(name ? name->name : "", interface, out);
}

const char *rpc_asked_text(const struct rpc_run *rpc, char out[RPC_NAME_TEXT])
{
	return named(rpc_conf_of(rpc)->label, &rpc->interface, out);
}

/* ---- stages */

uint32_t rpc_stage_elapsed_us(const struct rpc_run *rpc)
{
	uint64_t us = (uv_hrtime() - rpc->stage_ns) / 1000;

	if (us == 0)
		return 1;
	return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

void rpc_stage_begin(struct rpc_run *rpc, enum probe_phase phase)
{
	rpc->run.phase = phase;
	rpc->stage_ns = uv_hrtime();
}

void rpc_stage_end(struct rpc_run *rpc, enum probe_state state,
	enum probe_reason reason, char *detail)
{
	struct rpc_stage *grown = NULL;

	if (rpc->n_stages < RPC_MAX_STAGES)
		grown = array_grow(
			rpc->stages, &rpc->stages_room, rpc->n_stages, sizeof *grown);
	if (!grown) {
		rpc->are_stages_cut = true;
		free(detail);
		return;
	}
	rpc->stages = grown;
	grown[rpc->n_stages++] = (struct rpc_stage){
		.phase = rpc->run.phase,
		.state = state,
		.reason = reason,
		.port = rpc->port,
		.elapsed_us = rpc_stage_elapsed_us(rpc),
		.detail = detail,
	};
}

void rpc_stage_connected(struct rpc_run *rpc)
{
	char time[RPC_TIME_TEXT];

	rpc_stage_end(rpc, STATE_NONE, REASON_NONE, NULL);
	probe_run_tell(&rpc->run, rpc->run.phase, "%u: connected in %s",
		(unsigned)rpc->port, rpc_time_text(rpc->client.stream.rtt_us, time));
}

char *rpc_detail(const char *format, ...)
{
	char text[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return strdup(text);
}

static const char *status_word(uint32_t status)
{
	switch (status) {
	case DCERPC_ACCESS_DENIED:
		return "access-denied";
	case DCERPC_EPT_NOT_REGISTERED:
		return "not-registered";
	case DCERPC_OP_RANGE_ERROR:
		return "op-range";
	case DCERPC_UNKNOWN_INTERFACE:
		return "unknown-interface";
	case DCERPC_PROTOCOL_ERROR:
		return "protocol-error";
	case DCERPC_TOO_BUSY:
		return "too-busy";
	default:
		return NULL;
	}
}

char *rpc_detail_status(uint32_t status)
{
	const char *word = status_word(status);

	if (!word)
		return rpc_detail("\"status\":\"0x%08x\"", (unsigned)status);
	return rpc_detail(
		"\"status\":\"0x%08x\",\"status_word\":\"%s\"", (unsigned)status, word);
}

char *rpc_detail_refusal(const struct dcerpc_answer *answer)
{
	switch (answer->kind) {
	case DCERPC_REJECTED:
		return rpc_detail("\"result\":%u,\"provider_reason\":%u",
			(unsigned)answer->result, (unsigned)answer->reason);
	case DCERPC_NAK:
		return rpc_detail("\"nak\":%u", (unsigned)answer->reason);
	case DCERPC_FAULT:
		return rpc_detail_status(answer->status);
	default:
		return NULL;
	}
}

/* Takes the braces off an object's text, in place. NULL stays, and {} becomes it. */
static char *members_of(char *object)
{
	size_t length = object ? strlen(object) : 0;

	if (length < 3) {
		free(object);
		return NULL;
	}
	memmove(object, object + 1, length - 2);
	object[length - 2] = '\0';
	return object;
}

char *rpc_detail_connect(const struct sockerr *err)
{
	return members_of(sockerr_evidence(err));
}

/* ---- JSON */

/* Printable ASCII, as the mapper's annotations are. */
static void add_text(struct strbuf *out, const char *text)
{
	strbuf_adds(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_adds(out, "\\");
		strbuf_add(out, text, 1);
	}
	strbuf_adds(out, "\"");
}

static void add_interface(struct strbuf *out, const struct uuid_syntax *interface)
{
	const struct rpc_name *name = rpc_name_of(&interface->uuid);
	char uuid[UUID_TEXT];

	strbuf_addf(out, "\"uuid\":\"%s\"", uuid_format(&interface->uuid, uuid));
	if (!interface->any_version)
		strbuf_addf(out, ",\"version\":\"%u.%u\"", (unsigned)interface->major,
			(unsigned)interface->minor);
	if (name)
		strbuf_addf(out, ",\"name\":\"%s\"", name->name);
}

static void add_outcome(
	struct strbuf *out, enum probe_state state, enum probe_reason reason)
{
	if (state != STATE_NONE)
		strbuf_addf(out, ",\"state\":\"%s\"", probe_state_word(state));
	if (reason != REASON_NONE)
		strbuf_addf(out, ",\"reason\":\"%s\"", probe_reason_word(reason));
}

static void add_stages(struct strbuf *out, const struct rpc_run *rpc)
{
	strbuf_adds(out, "\"stages\":[");
	for (uint32_t i = 0; i < rpc->n_stages; i++) {
		const struct rpc_stage *stage = &rpc->stages[i];
		strbuf_addf(out, "%s{\"phase\":\"%s\",\"port\":%u,\"elapsed_us\":%u",
			i ? "," : "", probe_phase_word(stage->phase),
			(unsigned)stage->port, (unsigned)stage->elapsed_us);
		add_outcome(out, stage->state, stage->reason);
		if (stage->detail)
			strbuf_addf(out, ",%s", stage->detail);
		strbuf_adds(out, "}");
	}
	strbuf_adds(out, rpc->are_stages_cut ? "],\"stages_cut\":true" : "]");
}

static void add_listed(struct strbuf *out, const struct rpc_run *rpc)
{
	strbuf_adds(out, ",\"tcp\":[");
	for (uint32_t i = 0; i < rpc->n_listed; i++) {
		const struct epm_endpoint *endpoint = &rpc->listed[i];
		strbuf_adds(out, i ? ",{" : "{");
		add_interface(out, &endpoint->interface);
		strbuf_addf(out, ",\"port\":%u", (unsigned)endpoint->port);
		if (*endpoint->annotation) {
			strbuf_adds(out, ",\"annotation\":");
			add_text(out, endpoint->annotation);
		}
		strbuf_adds(out, "}");
	}
	strbuf_adds(out,
		rpc->on_tcp > rpc->n_listed || rpc->cut ? "],\"truncated\":true" : "]");
}

static void add_mapper(struct strbuf *out, const struct rpc_run *rpc)
{
	strbuf_addf(out, ",\"mapper\":{\"entries\":%u", (unsigned)rpc->entries);
	if (rpc->unreadable)
		strbuf_addf(out, ",\"unreadable\":%u", (unsigned)rpc->unreadable);
	if (rpc_conf_of(rpc)->mode == RPC_MAPPER)
		add_listed(out, rpc);
	strbuf_adds(out, "}");
}

static void add_targets(struct strbuf *out, const struct rpc_run *rpc)
{
	const char *comma = "";

	strbuf_adds(out, ",\"interfaces\":[");
	for (uint32_t i = 0; i < rpc->n_targets; i++) {
		const struct rpc_target *target = &rpc->targets[i];
		if (target->state == STATE_NONE)
			continue;
		strbuf_addf(out, "%s{", comma);
		add_interface(out, &target->interface);
		strbuf_addf(out, ",\"port\":%u", (unsigned)target->port);
		add_outcome(out, target->state, target->reason);
		strbuf_adds(out, "}");
		comma = ",";
	}
	strbuf_adds(out, rpc->cut ? "],\"truncated\":true" : "]");
}

void rpc_evidence_make(struct rpc_run *rpc)
{
	struct probe_result *result = &rpc->run.result;
	enum rpc_mode mode = rpc_conf_of(rpc)->mode;
	struct strbuf out;

	if (rpc->n_stages == 0)
		return;
	strbuf_init(&out);
	strbuf_adds(&out, "{");
	if (mode == RPC_INTERFACE) {
		add_interface(&out, &rpc->interface);
		strbuf_adds(&out, ",");
	}
	strbuf_addf(&out, "\"port\":%u,", (unsigned)rpc->port);
	add_stages(&out, rpc);
	if (mode != RPC_INTERFACE && rpc->pages > 0)
		add_mapper(&out, rpc);
	if (mode == RPC_ALL && rpc->n_targets > 0)
		add_targets(&out, rpc);
	result->evidence = members_of(result->evidence);
	if (result->evidence)
		strbuf_addf(&out, ",%s", result->evidence);
	strbuf_adds(&out, "}");
	free(result->evidence);
	result->evidence = strbuf_take(&out);
}

void rpc_evidence_fini(struct rpc_run *rpc)
{
	for (uint32_t i = 0; i < rpc->n_stages; i++)
		free(rpc->stages[i].detail);
	free(rpc->stages);
	free(rpc->listed);
}

/* ---- what it says */

/* "samr 49154": by its name where it has one, else by UUID. */
static void print_interface(struct evidence_line *line, const json_t *interface)
{
	const char *name = evidence_text(interface, "name");
	const char *uuid = evidence_text(interface, "uuid");
	const char *reason = evidence_text(interface, "reason");

	strbuf_addf(line->out, "%s %" JSON_INTEGER_FORMAT,
		name   ? name
		: uuid ? uuid
		       : "?",
		json_integer_value(json_object_get(interface, "port")));
	if (reason)
		strbuf_addf(line->out, " %s", reason);
}

static void print_interfaces(struct evidence_line *line, const json_t *interfaces)
{
	size_t i;
	const json_t *interface;

	json_array_foreach(interfaces, i, interface)
	{
		if (evidence_is_full(line))
			return;
		if (i > 0)
			strbuf_adds(line->out, ", ");
		else
			evidence_separate(line, "; ");
		print_interface(line, interface);
	}
}

static void print_mapper(struct evidence_line *line, const json_t *mapper)
{
	evidence_separate(line, "; ");
	strbuf_addf(line->out, "%" JSON_INTEGER_FORMAT " entries",
		json_integer_value(json_object_get(mapper, "entries")));
	print_interfaces(line, json_object_get(mapper, "tcp"));
}

/* Times differ from host to host, and so do the ports that a mapper names: they would
 * keep findings apart that are one. */
bool rpc_evidence_print(struct evidence_line *line, const json_t *evidence,
	const char *key, const json_t *value)
{
	static const char *const silent[] = {
		"stages", "uuid", "version", "name", "port"};

	if (strcmp(key, "mapper") == 0) {
		print_mapper(line, value);
		return true;
	}
	if (strcmp(key, "interfaces") == 0) {
		print_interfaces(line, value);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
		if (strcmp(key, silent[i]) == 0)
			return json_object_get(evidence, "stages");
	return false;
}

uint16_t rpc_evidence_found_port(const json_t *evidence)
{
	size_t i;
	const json_t *item;

	json_array_foreach(json_object_get(evidence, "interfaces"), i, item)
	{
		if (evidence_is_blocked(json_object_get(item, "state")))
			return evidence_number_port(json_object_get(item, "port"));
	}
	return evidence_number_port(json_object_get(evidence, "port"));
}

const struct probe_advice rpc_advice[] = {
	{REASON_EPM_SILENT,
		"TCP 135 is open, but RPC on it is not answered: a firewall that "
		"inspects RPC drops it, or the RPC service hangs. Try again from "
		"a machine next to {host}."},
	{REASON_EPM_CLOSED,
		"TCP 135 is open, but the connection is cut once RPC is spoken: by a "
		"firewall that inspects RPC, or a filter for this machine on "
		"{host}."},
	{REASON_EPM_ACCESS_DENIED,
		"The path to the mapper is proven; it requires authentication "
		"(RestrictRemoteClients on {host}). Where the service has a fixed "
		"port, {check: {check}, ports: [PORT]} proves the rest."},
	{REASON_EPM_NOT_REGISTERED,
		"The network is fine: {host} answers, but the service is not "
		"running there (for licensing: the Remote Desktop Licensing role, "
		"service TermServLicensing)."},
	{REASON_EPM_NO_MAPPER,
		"TCP 135 of {host} is forwarded to something else, or taken by "
		"another program."},
	{REASON_ENDPOINT_FILTERED,
		"TCP 135 is let through, but {port}, where the service listens now, is "
		"dropped: open the dynamic RPC ports from here to {host} (TCP "
		"49152-65535, or the narrower range that is set there). 'reachd trace "
		"{check} {host}' shows where."},
	{REASON_ENDPOINT_PROHIBITED,
		"TCP 135 is let through, but {sender} has a rule against {port}: open "
		"the dynamic RPC ports to {host} there (TCP 49152-65535, or the "
		"narrower range that is set on the host)."},
	{REASON_ENDPOINT_UNREACHABLE,
		"TCP 135 is let through, but {sender} rejects {port}: open the dynamic "
		"RPC ports to {host} there (TCP 49152-65535, or the narrower range "
		"that is set on the host)."},
	{REASON_ENDPOINT_CLOSED,
		"The mapper still names {port}, but nothing listens there: the service "
		"has died or is restarting. If it is up, a firewall resets the "
		"dynamic ports."},
	{REASON_RPC_SILENT,
		"{port} accepts the connection but does not answer RPC: the service "
		"hangs, or a firewall that inspects RPC drops the bind."},
	{REASON_RPC_CLOSED,
		"{port} accepts the connection but cuts it once RPC is spoken: a "
		"firewall that inspects RPC, or a service that accepts no clients "
		"from here."},
	{REASON_RPC_WRONG_INTERFACE,
		"Another service answers on {port}: if the mapper named it, its "
		"entry is out of date (restart the service); otherwise the port is "
		"forwarded, or {host} does not offer the interface."},
	{REASON_RPC_BIND_NAK,
		"The RPC server refuses the connection before it looks at the "
		"interface: too many connections, or it requires authentication."},
	{REASON_RPC_ACCESS_DENIED,
		"The path is proven; the service requires authentication for the rest."},
	{REASON_TOO_MANY_ENDPOINTS,
		"Ask for the interfaces that matter by their names, as in "
		"rpc/licensing."},
	{REASON_OUT_OF_TIME, "Ask for the interfaces that matter by their names, as in "
			     "rpc/licensing."},
	{REASON_NONE, NULL},
};
