/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the endpoint mapper is asked: its whole list (ept_lookup), or one interface
 * (ept_map), or first the list and then the version found there. The latter since a
 * firewall that opens ports by what a mapper answers looks at ept_map.
 */
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "probes/rpc/internal.h"

/* The mapper has told all that it was asked for. */
static void leave(struct rpc_run *rpc, enum probe_state state, enum probe_reason reason,
	void (*then)(struct rpc_run *rpc))
{
	rpc->run.result.rtt_us = rpc_stage_elapsed_us(rpc);
	rpc_stage_end(rpc, state, reason, NULL);
	rpc->is_told = true;
	rpc_mapper_give_back(rpc, then);
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

/* ---- pages, which both kinds of answers are */

/* Reads one; false when that ended the run or leads it another way. */
static bool read_page(struct rpc_run *rpc, const struct dcerpc_answer *answer,
	int (*read)(const uint8_t *stub, size_t size, bool big_endian,
		epm_visit_fn visit, void *data, struct epm_page *page),
	epm_visit_fn visit, struct epm_page *page)
{
	if (!rpc_mapper_is_response(rpc, answer))
		return false;
	if (read(answer->stub, answer->stub_size, answer->big_endian, visit, rpc,
		    page) < 0) {
		rpc_mapper_malformed(rpc);
		return false;
	}
	rpc->handle = page->handle;
	rpc->pages++;
	rpc->entries += page->entries;
	rpc->unreadable += page->unreadable;
	if (rpc->is_short)
		probe_run_settle_local(&rpc->run, UV_ENOMEM, PHASE_EPM);
	else if (page->status != 0 && page->status != DCERPC_EPT_NOT_REGISTERED)
		rpc_mapper_status(rpc, page->status);
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
	leave(rpc, STATE_NONE, REASON_NONE, rpc_go_on);
}

static void on_map(struct rpc_run *rpc, const struct dcerpc_answer *answer)
{
	struct epm_page page;

	if (!read_page(rpc, answer, epm_read_map, visit_tower, &page))
		return;
	if (is_more(&page) && rpc->pages < RPC_MAX_PAGES)
		rpc_ask_map(rpc);
	else if (rpc->n_targets > 0)
		go_to_ports(rpc);
	else
		leave_without(rpc);
}

void rpc_ask_map(struct rpc_run *rpc)
{
	uint8_t stub[EPM_MAX_STUB_OUT];

	rpc_call_request(rpc, EPM_MAP, stub,
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
	rpc_ask_map(rpc);
}

/* The list has been read, as far as it is. */
static void on_listed(struct rpc_run *rpc)
{
	enum rpc_mode mode = rpc_conf_of(rpc)->mode;

	tell_listed(rpc);
	if (mode == RPC_INTERFACE && rpc->is_found) {
		rpc_mapper_give_back(rpc, map_found);
	} else if (mode == RPC_INTERFACE || (mode == RPC_ALL && rpc->n_targets == 0)) {
		leave_without(rpc);
	} else if (mode == RPC_ALL) {
		rpc_targets_sort(rpc->targets, rpc->n_targets);
		leave(rpc, STATE_NONE, REASON_NONE, rpc_go_on);
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

static void on_list(struct rpc_run *rpc, const struct dcerpc_answer *answer)
{
	struct epm_page page;

	if (!read_page(rpc, answer, epm_read_lookup, visit_entry, &page))
		return;
	if (!is_more(&page))
		on_listed(rpc);
	else if (rpc->pages < RPC_MAX_PAGES && rpc->entries < RPC_MAX_ENTRIES)
		rpc_ask_list(rpc);
	else
		cut_list(rpc);
}

void rpc_ask_list(struct rpc_run *rpc)
{
	uint8_t stub[EPM_MAX_STUB_OUT];

	rpc_call_request(rpc, EPM_LOOKUP, stub,
		epm_write_lookup(stub, &rpc->handle, EPM_MAX_ENTRIES), on_list);
}
