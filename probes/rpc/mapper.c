/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation with the endpoint mapper. It is asked for its whole list
 * (ept_lookup), or one interface (ept_map), or first the list and then the version
 * found there. The latter since a firewall that opens ports by what a mapper answers
 * looks at ept_map.
 */
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "probes/rpc/names.h"
#include "probes/rpc/run.h"

/* ---- how it ends */

/* The mapper's part is the whole story. `is_answer`: it said so itself. */
static void settle(struct rpc_run *rpc, enum probe_state state,
	enum probe_reason reason, bool is_answer, char *detail)
{
	probe_run_tell(&rpc->run, PHASE_EPM, "%u: %s", (unsigned)rpc->port,
		probe_reason_text(reason));
	if (is_answer)
		rpc->run.result.rtt_us = rpc_stage_elapsed_us(rpc);
	rpc_stage_end(rpc, state, reason, detail);
	probe_run_settle(&rpc->run, state, reason, PHASE_EPM);
}

static void settle_malformed(struct rpc_run *rpc)
{
	settle(rpc, STATE_FAILED, REASON_RPC_PROTOCOL_ERROR, true, NULL);
}

/* ---- handles */

static void on_freed(struct rpc_client *client, const struct dcerpc_answer *answer)
{
	struct rpc_run *rpc = rpc_of_client(client);
	(void)answer; /* the handle is gone or will time out there */
	rpc->then(rpc);
}

static void give_back(struct rpc_run *rpc, void (*then)(struct rpc_run *rpc))
{
	uint8_t stub[EPM_MAX_STUB_OUT];

	if (epm_handle_is_null(&rpc->handle)) {
		then(rpc);
		return;
	}
	rpc->then = then;
	rpc_client_request(&rpc->client, EPM_LOOKUP_HANDLE_FREE, stub,
		epm_write_free(stub, &rpc->handle), on_freed);
}

/* ---- answers that are none */

/* The version to bind where the mapper did not tell: the well-known one, or 1.0. */
static struct uuid_syntax likely_version(const struct uuid_syntax *interface)
{
	const struct rpc_name *name = rpc_name_of(&interface->uuid);
	struct uuid_syntax likely = *interface;

	if (!interface->any_version)
		return likely;
	if (name)
		return name->syntax;
	likely.any_version = false;
	likely.major = 1;
	return likely;
}

static void go_to_fixed(struct rpc_run *rpc, enum probe_reason reason, char *detail)
{
	const struct rpc_conf *conf = rpc_conf_of(rpc);
	struct uuid_syntax interface = likely_version(&rpc->interface);

	probe_run_tell(&rpc->run, PHASE_EPM,
		"endpoint mapper: %s; the configured ports are tried",
		probe_reason_text(reason));
	rpc_stage_end(rpc, STATE_NONE, reason, detail);
	rpc->interface = interface;
	for (size_t i = 0; i < conf->n_fixed; i++)
		if (rpc_targets_add(rpc, &interface, conf->fixed[i], RPC_MAX_PORTS) <
			0) {
			probe_run_settle_local(&rpc->run, UV_ENOMEM, PHASE_EPM);
			return;
		}
	rpc->served(rpc);
}

/* It tells nothing to who has not logged on. */
static void on_denied(struct rpc_run *rpc, enum probe_state state,
	enum probe_reason reason, char *detail)
{
	if (rpc_conf_of(rpc)->n_fixed > 0)
		go_to_fixed(rpc, reason, detail);
	else
		settle(rpc, state, reason, true, detail);
}

static void on_status(struct rpc_run *rpc, uint32_t status)
{
	bool is_plain = rpc_conf_of(rpc)->mode == RPC_MAPPER;

	/* It is reachable, which is all that plain `rpc` asks. */
	if (status == DCERPC_ACCESS_DENIED)
		on_denied(rpc, is_plain ? STATE_OPEN : STATE_FAILED,
			REASON_EPM_ACCESS_DENIED, rpc_detail_status(status));
	else
		settle(rpc, STATE_FAILED, REASON_RPC_FAULT, true,
			rpc_detail_status(status));
}

static bool is_response(struct rpc_run *rpc, const struct dcerpc_answer *answer)
{
	if (answer->kind == DCERPC_RESPONSE)
		return true;
	if (answer->kind == DCERPC_FAULT)
		on_status(rpc, answer->status);
	else
		settle_malformed(rpc);
	return false;
}

/* ---- all was said */

/* The mapper has told all that it was asked for. */
static void leave(struct rpc_run *rpc, enum probe_state state, enum probe_reason reason,
	void (*then)(struct rpc_run *rpc))
{
	rpc->run.result.rtt_us = rpc_stage_elapsed_us(rpc);
	rpc_stage_end(rpc, state, reason, NULL);
	rpc->is_told = true;
	give_back(rpc, then);
}

static void settle_not_registered(struct rpc_run *rpc)
{
	probe_run_settle(&rpc->run, STATE_FAILED, REASON_EPM_NOT_REGISTERED, PHASE_EPM);
}

static void leave_without(struct rpc_run *rpc)
{
	char name[RPC_NAME_TEXT];

	if (rpc_conf_of(rpc)->mode == RPC_INTERFACE)
		probe_run_tell(&rpc->run, PHASE_EPM,
			"endpoint mapper: %s is not registered on TCP",
			rpc_asked_text(rpc, name));
	else
		probe_run_tell(&rpc->run, PHASE_EPM,
			"endpoint mapper: nothing is registered on TCP");
	leave(rpc, STATE_FAILED, REASON_EPM_NOT_REGISTERED, settle_not_registered);
}

static void ask_map(struct rpc_run *rpc);
static void ask_list(struct rpc_run *rpc);

/* ---- pages, which both kinds of answers are */

/* Reads one; false when that ended the run or leads it another way. */
static bool read_page(struct rpc_run *rpc, const struct dcerpc_answer *answer,
	int (*read)(const uint8_t *stub, size_t size, bool big_endian,
		epm_visit_fn visit, void *data, struct epm_page *page),
	epm_visit_fn visit, struct epm_page *page)
{
	if (!is_response(rpc, answer))
		return false;
	if (read(answer->stub, answer->stub_size, answer->big_endian, visit, rpc,
		    page) < 0) {
		settle_malformed(rpc);
		return false;
	}
	rpc->handle = page->handle;
	rpc->pages++;
	rpc->entries += page->entries;
	rpc->unreadable += page->unreadable;
	if (rpc->is_short)
		probe_run_settle_local(&rpc->run, UV_ENOMEM, PHASE_EPM);
	else if (page->status != 0 && page->status != DCERPC_EPT_NOT_REGISTERED)
		on_status(rpc, page->status);
	else
		return true;
	return false;
}

/* Another page: there is one, and it can't be a loop. */
static bool is_more(const struct epm_page *page)
{
	return page->status == 0 && page->entries > 0 &&
	       !epm_handle_is_null(&page->handle);
}

/* ---- ept_map */

static void visit_tower(void *data, const struct epm_endpoint *endpoint)
{
	struct rpc_run *rpc = data;

	if (endpoint->transport != EPM_TCP ||
		!uuid_equal(&endpoint->interface.uuid, &rpc->interface.uuid))
		return;
	if (rpc_targets_add(rpc, &rpc->interface, endpoint->port, RPC_MAX_PORTS) < 0)
		rpc->is_short = true;
}

static void tell_ports(struct rpc_run *rpc)
{
	struct strbuf ports;
	char name[RPC_NAME_TEXT];

	if (!rpc->run.env->tell)
		return;
	strbuf_init(&ports);
	for (uint32_t i = 0; i < rpc->n_targets; i++)
		strbuf_addf(
			&ports, "%s%u", i ? ", " : "", (unsigned)rpc->targets[i].port);
	probe_run_tell(&rpc->run, PHASE_EPM, "endpoint mapper: %s is on port%s %s",
		rpc_asked_text(rpc, name), rpc->n_targets == 1 ? "" : "s",
		ports.text && !ports.failed ? ports.text : "");
	strbuf_fini(&ports);
}

static void go_to_ports(struct rpc_run *rpc)
{
	rpc_targets_sort(rpc->targets, rpc->n_targets);
	tell_ports(rpc);
	leave(rpc, STATE_NONE, REASON_NONE, rpc->served);
}

static void on_map(struct rpc_client *client, const struct dcerpc_answer *answer)
{
	struct rpc_run *rpc = rpc_of_client(client);
	struct epm_page page;

	if (!read_page(rpc, answer, epm_read_map, visit_tower, &page))
		return;
	if (is_more(&page) && rpc->pages < RPC_MAX_PAGES)
		ask_map(rpc);
	else if (rpc->n_targets > 0)
		go_to_ports(rpc);
	else
		leave_without(rpc);
}

static void ask_map(struct rpc_run *rpc)
{
	uint8_t stub[EPM_MAX_STUB_OUT];

	rpc_client_request(&rpc->client, EPM_MAP, stub,
		epm_write_map(stub, &rpc->interface, &rpc->handle, RPC_MAX_TOWERS),
		on_map);
}

/* ---- ept_lookup */

static void list(struct rpc_run *rpc, const struct epm_endpoint *endpoint)
{
	if (rpc->n_listed == RPC_MAX_LISTED)
		return;
	struct epm_endpoint *grown = array_grow(
		rpc->listed, &rpc->listed_room, rpc->n_listed, sizeof *grown);
	if (!grown) {
		rpc->is_short = true;
		return;
	}
	rpc->listed = grown;
	rpc->listed[rpc->n_listed++] = *endpoint;
}

/* Of the versions of an interface the highest is the one to ask for. */
static void note_version(struct rpc_run *rpc, const struct uuid_syntax *found)
{
	struct uuid_syntax *best = &rpc->interface;

	if (!uuid_equal(&found->uuid, &best->uuid))
		return;
	if (rpc->is_found &&
		(found->major < best->major ||
			(found->major == best->major && found->minor <= best->minor)))
		return;
	rpc->is_found = true;
	best->major = found->major;
	best->minor = found->minor;
}

static void visit_entry(void *data, const struct epm_endpoint *endpoint)
{
	struct rpc_run *rpc = data;

	if (endpoint->transport != EPM_TCP)
		return;
	rpc->on_tcp++;
	switch (rpc_conf_of(rpc)->mode) {
	case RPC_MAPPER:
		list(rpc, endpoint);
		break;
	case RPC_INTERFACE:
		note_version(rpc, &endpoint->interface);
		break;
	case RPC_ALL:
		if (rpc_targets_add(rpc, &endpoint->interface, endpoint->port,
			    RPC_MAX_TARGETS) < 0)
			rpc->is_short = true;
		break;
	}
}

static void settle_answered(struct rpc_run *rpc)
{
	probe_run_settle(&rpc->run, STATE_OPEN, REASON_EPM_ANSWERED, PHASE_EPM);
}

static void tell_listed(struct rpc_run *rpc)
{
	char name[RPC_NAME_TEXT];

	if (!rpc->run.env->tell)
		return;
	probe_run_tell(&rpc->run, PHASE_EPM,
		"endpoint mapper: %u entries, %u of them on TCP",
		(unsigned)rpc->entries, (unsigned)rpc->on_tcp);
	for (uint32_t i = 0; i < rpc->n_listed; i++) {
		const struct epm_endpoint *at = &rpc->listed[i];
		probe_run_tell(&rpc->run, PHASE_EPM, "%5u: %s%s%s", (unsigned)at->port,
			rpc_name_text(&at->interface, name), *at->annotation ? " " : "",
			at->annotation);
	}
}

static void map_found(struct rpc_run *rpc)
{
	rpc->interface.any_version = false;
	memset(&rpc->handle, 0, sizeof rpc->handle);
	rpc->pages = 0;
	ask_map(rpc);
}

/* The list has been read, as far as it is. */
static void on_listed(struct rpc_run *rpc)
{
	enum rpc_mode mode = rpc_conf_of(rpc)->mode;

	tell_listed(rpc);
	if (mode == RPC_INTERFACE && rpc->is_found) {
		give_back(rpc, map_found);
	} else if (mode == RPC_INTERFACE || (mode == RPC_ALL && rpc->n_targets == 0)) {
		leave_without(rpc);
	} else if (mode == RPC_ALL) {
		rpc_targets_sort(rpc->targets, rpc->n_targets);
		leave(rpc, STATE_NONE, REASON_NONE, rpc->served);
	} else {
		leave(rpc, STATE_NONE, REASON_NONE, settle_answered);
	}
}

/* There is more than is read. */
static void cut_list(struct rpc_run *rpc)
{
	rpc->cut = REASON_TOO_MANY_ENDPOINTS;
	on_listed(rpc);
}

static void on_list(struct rpc_client *client, const struct dcerpc_answer *answer)
{
	struct rpc_run *rpc = rpc_of_client(client);
	struct epm_page page;

	if (!read_page(rpc, answer, epm_read_lookup, visit_entry, &page))
		return;
	if (!is_more(&page))
		on_listed(rpc);
	else if (rpc->pages < RPC_MAX_PAGES && rpc->entries < RPC_MAX_ENTRIES)
		ask_list(rpc);
	else
		cut_list(rpc);
}

static void ask_list(struct rpc_run *rpc)
{
	uint8_t stub[EPM_MAX_STUB_OUT];

	rpc_client_request(&rpc->client, EPM_LOOKUP, stub,
		epm_write_lookup(stub, &rpc->handle, EPM_MAX_ENTRIES), on_list);
}

/* ---- the connection */

static void on_bound(struct rpc_client *client, const struct dcerpc_answer *answer)
{
	struct rpc_run *rpc = rpc_of_client(client);
	switch (answer->kind) {
	case DCERPC_ACCEPTED:
		if (rpc_conf_of(rpc)->mode == RPC_INTERFACE &&
			!rpc->interface.any_version)
			ask_map(rpc);
		else
			ask_list(rpc);
		break;
	case DCERPC_REJECTED:
		settle(rpc, STATE_FAILED, REASON_EPM_NO_MAPPER, true,
			rpc_detail_refusal(answer));
		break;
	case DCERPC_NAK:
		on_denied(rpc, STATE_FAILED, REASON_RPC_BIND_NAK,
			rpc_detail_refusal(answer));
		break;
	case DCERPC_FAULT:
		on_status(rpc, answer->status);
		break;
	case DCERPC_PARTIAL:
	case DCERPC_RESPONSE:
	case DCERPC_MALFORMED:
		settle_malformed(rpc);
		break;
	}
}

static void on_connected(struct stream *stream)
{
	struct rpc_run *rpc = rpc_of_stream(stream);

	rpc_stage_connected(rpc);
	rpc_stage_begin(rpc, PHASE_EPM);
	rpc_client_bind(&rpc->client, &epm_interface, on_bound);
}

static void on_refused(struct stream *stream, const struct sockerr *err)
{
	struct rpc_run *rpc = rpc_of_stream(stream);

	rpc_stage_end(rpc, err->state, err->reason, NULL);
	probe_run_tell(&rpc->run, rpc->run.phase, "%u: %s", (unsigned)rpc->port,
		probe_reason_text(err->reason));
	stream_settle_refused(stream, err);
}

static void on_ended(struct stream *stream, enum stream_end end)
{
	struct rpc_run *rpc = rpc_of_stream(stream);

	/* A handle that could not be given back is no answer that is missed. */
	if (rpc->is_told)
		rpc->then(rpc);
	else if (end == STREAM_TOO_LONG)
		settle_malformed(rpc);
	else
		settle(rpc, STATE_FAILED,
			end == STREAM_SILENT ? REASON_EPM_SILENT : REASON_EPM_CLOSED,
			false, NULL);
}

static const struct stream_ops mapper_ops = {
	.limit = RPC_CLIENT_LIMIT,
	.connected = on_connected,
	.refused = on_refused,
	.received = rpc_client_received,
	.ended = on_ended,
};

int rpc_mapper_start(struct rpc_run *rpc)
{
	const struct rpc_conf *conf = rpc_conf_of(rpc);

	rpc->interface = conf->interface;
	rpc->port = (uint16_t)conf->mapper_port;
	rpc_stage_begin(rpc, PHASE_CONNECT);
	return rpc_client_open(&rpc->client, &rpc->run, &mapper_ops, rpc->port);
}
