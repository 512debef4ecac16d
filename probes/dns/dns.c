/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns, dns/PTR and dns/SRV:NAME: every server is asked, and what they say is compared.
 * A run goes through stages, each a set of questions that all servers get at once:
 * A and AAAA of the host's name (again for each name of the search list); then, for
 * dns/PTR, the PTR record of every address; or the SRV record alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/size.h"
#include "probes/dns/compare.h"
#include "probes/dns/evidence.h"
#include "probes/net/resolve.h"
#include "probes/probe.h"
#include "probes/registry.h"

enum dns_mode {
	DNS_ADDRESSES,
	DNS_POINTERS,
	DNS_SERVICE
};

struct dns_conf {
	enum dns_mode mode;
	char service[DNS_NAME_TEXT];
};

struct dns_run;

struct dns_question {
	enum dns_type type;
	char name[RESOLVER_NAME_TEXT];
};

/* One question to one server. */
struct dns_ask {
	struct dns_run *dns;
	const struct dns_question *question;
	struct dns_query *query; /* NULL: answered */
	struct dns_view view;
};

struct dns_run {
	struct probe_run run;
	size_t n_servers, n_questions, pending;
	struct dns_question *questions;
	struct dns_ask *asks; /* those of the first question, by server; and so on */
	void (*next)(struct dns_run *dns); /* every ask of the stage has its view */
	bool late; /* the deadline has passed: no further stage */
	/* Of the last stage that was about names: what each server said. */
	struct dns_view views[RESOLVER_MAX_SERVERS];
	size_t candidate; /* of the search list */
	bool exists;      /* some candidate is a name without addresses */
	size_t n_addresses;
	struct net_address addresses[DNS_MAX_RECORDS]; /* whose PTR is asked */
	char name[RESOLVER_NAME_TEXT];
};

static const struct dns_conf *conf_of(const struct dns_run *dns)
{
	return dns->run.spec.conf;
}

static struct dns_ask *ask_of(struct dns_run *dns, size_t question, size_t server)
{
	return &dns->asks[question * dns->n_servers + server];
}

static size_t n_asks(const struct dns_run *dns)
{
	return dns->asks ? dns->n_questions * dns->n_servers : 0;
}

static void forget_stage(struct dns_run *dns)
{
	for (size_t i = 0; i < n_asks(dns); i++) {
		if (dns->asks[i].query)
			dns_query_detach(dns->asks[i].query);
		dns_view_fini(&dns->asks[i].view);
	}
	free(dns->asks);
	free(dns->questions);
	dns->asks = NULL;
	dns->questions = NULL;
	dns->n_questions = 0;
	dns->pending = 0;
}

static void forget_views(struct dns_run *dns)
{
	for (size_t i = 0; i < dns->n_servers; i++)
		dns_view_fini(&dns->views[i]);
}

/* --- the end --- */

static void tell_pointers(struct dns_run *dns, struct dns_evidence *evidence,
	json_t *entry, size_t server)
{
	for (size_t i = 0; i < dns->n_addresses; i++)
		dns_evidence_pointer(evidence, entry, &dns->addresses[i],
			&ask_of(dns, i, server)->view);
}

static char *tell(struct dns_run *dns)
{
	const struct probe_target *target = &dns->run.spec.target;
	enum dns_mode mode = conf_of(dns)->mode;
	enum dns_type type = mode == DNS_SERVICE ? DNS_TYPE_SRV : DNS_TYPE_A;
	struct dns_evidence evidence;
	dns_evidence_init(&evidence, dns->name);
	for (size_t i = 0; i < dns->n_servers; i++) {
		json_t *entry = dns_evidence_server(
			&evidence, resolver_server_text(dns->run.env->resolver, i));
		if (dns->n_addresses > 0)
			tell_pointers(dns, &evidence, entry, i);
		else
			dns_evidence_view(&evidence, entry, &dns->views[i], type);
	}
	if (target->n_declared > 0 && mode != DNS_SERVICE)
		dns_evidence_declared(&evidence, target->declared, target->n_declared);
	return dns_evidence_take(&evidence);
}

/* The stage's asks are still there. */
static void settle(struct dns_run *dns, struct dns_verdict verdict)
{
	struct probe_run *run = &dns->run;
	for (size_t i = 0; i < n_asks(dns); i++) {
		const struct dns_view *view = &dns->asks[i].view;
		if (view->answered && view->elapsed_us > run->result.rtt_us)
			run->result.rtt_us = view->elapsed_us;
	}
	if (!run->result.evidence)
		run->result.evidence = tell(dns);
	probe_run_settle(run, verdict.state, verdict.reason, PHASE_DNS);
}

static void settle_local(struct dns_run *dns, enum probe_reason reason)
{
	probe_run_settle(&dns->run, STATE_ERROR, reason, PHASE_DNS);
}

/* --- one stage --- */

static void on_reply(void *data, const struct dns_reply *reply)
{
	struct dns_ask *ask = data;
	struct dns_run *dns = ask->dns;
	ask->query = NULL;
	dns_view_read(&ask->view, reply, ask->question->name, ask->question->type);
	if (--dns->pending == 0)
		dns->next(dns);
}

/* Room for n questions, to be filled by the caller. False: the run has settled. */
static bool begin_stage(
	struct dns_run *dns, size_t n_questions, void (*next)(struct dns_run *dns))
{
	forget_stage(dns);
	dns->questions = calloc(n_questions, sizeof *dns->questions);
	dns->asks = calloc(n_questions * dns->n_servers, sizeof *dns->asks);
	dns->n_questions = dns->asks && dns->questions ? n_questions : 0;
	dns->next = next;
	if (dns->n_questions == 0)
		settle_local(dns, REASON_NO_MEMORY);
	return dns->n_questions > 0;
}

static void send_stage(struct dns_run *dns)
{
	struct resolver *resolver = dns->run.env->resolver;
	for (size_t q = 0; q < dns->n_questions; q++)
		for (size_t s = 0; s < dns->n_servers; s++) {
			struct dns_ask *ask = ask_of(dns, q, s);
			ask->dns = dns;
			ask->question = &dns->questions[q];
			int rc = resolver_query(resolver, s, ask->question->name,
				(uint16_t)ask->question->type, on_reply, ask,
				&ask->query);
			if (rc < 0) {
				probe_run_settle_local(&dns->run, rc, PHASE_DNS);
				return;
			}
			dns->pending++;
		}
}

/* --- dns/PTR: the addresses --- */

static void after_pointers(struct dns_run *dns)
{
	struct dns_verdict verdicts[DNS_MAX_RECORDS];
	struct dns_view views[RESOLVER_MAX_SERVERS];
	for (size_t i = 0; i < dns->n_addresses; i++) {
		for (size_t s = 0; s < dns->n_servers; s++)
			views[s] = ask_of(dns, i, s)->view;
		verdicts[i] = dns_compare_ptr(
			views, dns->n_servers, dns->run.spec.target.host);
	}
	settle(dns, dns_verdict_join(verdicts, dns->n_addresses));
}

static void ask_pointers(struct dns_run *dns)
{
	if (!begin_stage(dns, dns->n_addresses, after_pointers))
		return;
	for (size_t i = 0; i < dns->n_addresses; i++) {
		dns->questions[i].type = DNS_TYPE_PTR;
		dns_name_reverse(&dns->addresses[i], dns->questions[i].name);
	}
	send_stage(dns);
}

static void add_address(struct dns_run *dns, const struct net_address *address)
{
	if (dns->n_addresses < DNS_MAX_RECORDS)
		dns->addresses[dns->n_addresses++] = *address;
}

/* --- dns: the name --- */

static void ask_name(struct dns_run *dns);

/* All servers agree on the name's addresses; dns/PTR asks on. */
static void on_agreed(struct dns_run *dns, struct dns_verdict verdict)
{
	if (conf_of(dns)->mode != DNS_POINTERS) {
		settle(dns, verdict);
		return;
	}
	if (dns->late) {
		settle(dns, (struct dns_verdict){STATE_UNRESOLVED, REASON_DNS_TIMEOUT});
		return;
	}
	for (size_t i = 0; i < dns->views[0].count; i++)
		add_address(dns, &dns->views[0].records[i].address);
	ask_pointers(dns);
}

/* No server has the name: on along the search list. */
static void on_missing(struct dns_run *dns, struct dns_verdict verdict)
{
	char next[RESOLVER_NAME_TEXT];
	bool more = resolver_candidate(dns->run.env->resolver,
		dns->run.spec.target.host, dns->candidate + 1, next);
	dns->exists = dns->exists || verdict.reason == REASON_NO_DATA;
	if (more && !dns->late) {
		dns->candidate++;
		ask_name(dns);
		return;
	}
	if (more)
		verdict.reason = REASON_DNS_TIMEOUT;
	else if (dns->exists)
		verdict.reason = REASON_NO_DATA;
	settle(dns, verdict);
}

static void after_name(struct dns_run *dns)
{
	const struct probe_target *target = &dns->run.spec.target;
	for (size_t s = 0; s < dns->n_servers; s++)
		dns_view_merge(&dns->views[s], &ask_of(dns, 0, s)->view,
			&ask_of(dns, 1, s)->view);
	struct dns_verdict verdict = dns_compare_declared(
		dns->views, dns->n_servers, target->declared, target->n_declared);
	if (verdict.state == STATE_OPEN)
		on_agreed(dns, verdict);
	else if (dns_reason_is_negative(verdict.reason))
		on_missing(dns, verdict);
	else
		settle(dns, verdict);
}

static void ask_name(struct dns_run *dns)
{
	forget_views(dns);
	if (!begin_stage(dns, 2, after_name))
		return;
	resolver_candidate(dns->run.env->resolver, dns->run.spec.target.host,
		dns->candidate, dns->name);
	dns->questions[0].type = DNS_TYPE_A;
	dns->questions[1].type = DNS_TYPE_AAAA;
	memcpy(dns->questions[0].name, dns->name, sizeof dns->name);
	memcpy(dns->questions[1].name, dns->name, sizeof dns->name);
	send_stage(dns);
}

/* --- dns/SRV:NAME --- */

static void after_service(struct dns_run *dns)
{
	for (size_t s = 0; s < dns->n_servers; s++) {
		struct dns_ask *ask = ask_of(dns, 0, s);
		dns->views[s] = ask->view;
		ask->view.records = NULL;
		ask->view.count = 0;
	}
	settle(dns, dns_compare(dns->views, dns->n_servers));
}

static void ask_service(struct dns_run *dns)
{
	if (!begin_stage(dns, 1, after_service))
		return;
	snprintf(dns->name, sizeof dns->name, "%s", conf_of(dns)->service);
	memcpy(dns->questions[0].name, dns->name, sizeof dns->name);
	dns->questions[0].type = DNS_TYPE_SRV;
	send_stage(dns);
}

/* --- the kind --- */

static bool dns_parse(const char *argument, const struct probe_vocabulary *vocabulary,
	void *data, char *canonical, size_t size, const char **error)
{
	(void)vocabulary;
	struct dns_conf *conf = data;
	canonical[0] = '\0';
	if (!argument)
		return true;
	if (strcasecmp(argument, "PTR") == 0) {
		conf->mode = DNS_POINTERS;
		snprintf(canonical, size, "PTR");
		return true;
	}
	if (strncasecmp(argument, "SRV:", 4) != 0) {
		*error = "dns takes no argument, PTR or SRV:NAME";
		return false;
	}
	conf->mode = DNS_SERVICE;
	if (!dns_name_canonical(argument + 4, conf->service, error))
		return false;
	snprintf(canonical, size, "SRV:%s", conf->service);
	return true;
}

static int dns_start(struct probe_run *run)
{
	struct dns_run *dns = CONTAINER_OF(run, struct dns_run, run);
	const struct probe_target *target = &run->spec.target;
	enum dns_mode mode = conf_of(dns)->mode;
	struct net_address literal;
	run->phase = PHASE_DNS;
	dns->n_servers = resolver_server_count(run->env->resolver);
	if (dns->n_servers == 0) {
		settle_local(dns, REASON_RESOLVER_UNAVAILABLE);
	} else if (mode == DNS_SERVICE) {
		ask_service(dns);
	} else if (net_address_parse(target->host, &literal)) {
		probe_run_settle(run, STATE_UNRESOLVED, REASON_NOT_A_NAME, PHASE_DNS);
	} else if (mode == DNS_POINTERS && target->n_declared > 0) {
		snprintf(dns->name, sizeof dns->name, "%s", target->host);
		for (uint32_t i = 0; i < target->n_declared; i++)
			add_address(dns, &target->declared[i]);
		ask_pointers(dns);
	} else {
		ask_name(dns);
	}
	return 0;
}

/* Who has not answered by now has not answered; the others' words still count. */
static void dns_expired(struct probe_run *run)
{
	struct dns_run *dns = CONTAINER_OF(run, struct dns_run, run);
	uint64_t elapsed_us = clock_monotonic_us() - run->started_us;
	dns->late = true;
	resolver_catch_up(run->env->resolver);
	if (run->settled)
		return;
	for (size_t i = 0; i < n_asks(dns); i++) {
		struct dns_ask *ask = &dns->asks[i];
		if (!ask->query)
			continue;
		ask->view.elapsed_us =
			elapsed_us < UINT32_MAX ? (uint32_t)elapsed_us : UINT32_MAX;
		/* One that was never sent says nothing about the server. */
		ask->view.reason = dns_query_is_held(ask->query) ? REASON_NO_BUFFERS
								 : REASON_DNS_TIMEOUT;
		dns_query_detach(ask->query);
		ask->query = NULL;
	}
	dns->pending = 0;
	dns->next(dns);
}

static void dns_stop(struct probe_run *run)
{
	struct dns_run *dns = CONTAINER_OF(run, struct dns_run, run);
	for (size_t i = 0; i < n_asks(dns); i++) {
		if (dns->asks[i].query)
			dns_query_detach(dns->asks[i].query);
		dns->asks[i].query = NULL;
	}
}

static void dns_fini(struct probe_run *run)
{
	struct dns_run *dns = CONTAINER_OF(run, struct dns_run, run);
	forget_stage(dns);
	forget_views(dns);
}

const struct probe_ops dns_probe_ops = {
	.name = "dns",
	.flags = PROBE_PER_HOST | PROBE_ASKS_SERVERS,
	.argument_help = "PTR or dns/SRV:NAME",
	.conf_size = sizeof(struct dns_conf),
	.parse = dns_parse,
	.cause = dns_evidence_cause,
	.print = dns_evidence_print,
	.advice = dns_advice,
	.run_size = sizeof(struct dns_run),
	.start = dns_start,
	.expired = dns_expired,
	.stop = dns_stop,
	.fini = dns_fini,
};
