/* SPDX-License-Identifier: Apache-2.0 */
/* reachd trace: the routers on the way of one check, and where the answers end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/ports.h"
#include "base/quantity.h"
#include "daemon/commands/adhoc.h"
#include "daemon/render/json.h"
#include "daemon/render/visible.h"
#include "daemon/scan/observe.h"
#include "probes/evidence.h"
#include "probes/trace/evidence.h"

#define BUDGET_MS 60000
#define BUDGET_MOST_MS 3600000

struct tracing {
	struct adhoc adhoc;
	struct plan_trace *walks; /* where there is an open port, each is followed by
				    one to that */
	uint32_t n_walks;
	struct arena memory; /* theirs */
	struct plan *plan;   /* a flow for each walk */
	struct results walked;
	uint16_t open_port; /* one that accepts, for its distance; 0: none */
	uint64_t budget_ms;
};

/* What the walk to one of the host's addresses saw. */
struct trail {
	struct net_address address; /* family 0: there was none */
	uint16_t port;
	enum probe_state state;
	enum probe_reason reason;
	char *evidence; /* with its sentence; NULL: could not be measured */
};

/* ---- the walk ---------------------------------------------------------------- */

static void add_walk(
	struct tracing *t, const struct plan_host *host, const char *evidence)
{
	const struct plan_check *check = &t->adhoc.plan->checks[0];
	struct plan_trace walk = {
		.host = *host,
		.port = evidence_port(check->ops, check->conf, evidence),
		.timeout_ms = check->timeout_ms,
		.budget_ms = (uint32_t)t->budget_ms,
	};

	t->walks[t->n_walks++] = walk;
	if (!t->open_port)
		return;
	walk.port = t->open_port;
	walk.distance = true;
	t->walks[t->n_walks++] = walk;
}

/* A check that finds its port has run, and each address may have led it to another. */
static int add_walks(struct tracing *t)
{
	const struct flow_result *result = &t->adhoc.results.flows[0];
	uint32_t n_legs = result->detail ? result->detail->n_addresses : 0;
	struct plan_host host = t->adhoc.plan->hosts[0];

	t->walks = arena_calloc(&t->memory, 2 * ((size_t)n_legs + 1), sizeof *t->walks);
	if (!t->walks)
		return -ENOMEM;
	if (n_legs == 0)
		add_walk(t, &host, flow_result_evidence(result));
	for (uint32_t i = 0; i < n_legs; i++) {
		const struct flow_address *leg = &result->detail->addresses[i];
		host.dial_name = NULL;
		host.addresses = &leg->address;
		host.n_addresses = 1;
		add_walk(t, &host, leg->evidence);
	}
	return 0;
}

static int find_walks(struct tracing *t)
{
	int rc = 0;

	if (t->adhoc.plan->checks[0].ops->found_port)
		rc = adhoc_observe(&t->adhoc);
	return rc == 0 ? add_walks(t) : rc;
}

static int walk(struct tracing *t)
{
	int rc = plan_traces(t->adhoc.config, t->walks, t->n_walks, &t->plan);

	if (rc == 0)
		rc = results_init(&t->walked, t->plan);
	if (rc < 0)
		return rc;
	t->adhoc.only = probe_phase_word(PHASE_TRACE);
	rc = observe(t->adhoc.engine, t->plan, NULL, 0, &t->walked);
	/* One that was stopped still tells so. */
	return rc == -ECANCELED ? 0 : rc;
}

/* ---- what it saw ------------------------------------------------------------- */

static uint32_t count_trails(const struct tracing *t, uint32_t walk)
{
	const struct flow_detail *detail = t->walked.flows[walk].detail;

	return detail && detail->n_addresses ? detail->n_addresses : 1;
}

/* The distance of one of the host's addresses, by its open port; 0: not known. */
static unsigned distance_of(
	const struct tracing *t, uint32_t walk, const struct net_address *address)
{
	const struct flow_detail *detail =
		t->open_port ? t->walked.flows[walk + 1].detail : NULL;

	for (uint32_t i = 0; detail && i < detail->n_addresses; i++)
		if (net_address_compare(&detail->addresses[i].address, address) == 0)
			return trace_evidence_distance(detail->addresses[i].evidence);
	return detail && !detail->n_addresses
		       ? trace_evidence_distance(detail->evidence)
		       : 0;
}

static struct trail trail_of(const struct tracing *t, uint32_t walk, uint32_t index)
{
	const struct flow_result *result = &t->walked.flows[walk];
	const struct host_addresses *addresses =
		&t->walked.hosts[t->plan->flows[walk].host];
	struct trail trail = {
		.port = t->walks[walk].port,
		.state = (enum probe_state)result->state,
		.reason = (enum probe_reason)result->reason,
	};
	const char *evidence = flow_result_evidence(result);

	if (result->detail && result->detail->n_addresses) {
		const struct flow_address *leg = &result->detail->addresses[index];
		trail.address = leg->address;
		trail.state = (enum probe_state)leg->state;
		trail.reason = (enum probe_reason)leg->reason;
		evidence = leg->evidence;
	} else if (addresses->count) {
		trail.address = addresses->items[0];
	}
	trail.evidence = trace_evidence_join(
		NULL, evidence, distance_of(t, walk, &trail.address));
	return trail;
}

static int status_of(const struct trail *trail)
{
	switch (trail->state) {
	case STATE_OPEN:
	case STATE_CLOSED:
		return STATUS_PASS;
	case STATE_ERROR:
	case STATE_UNRESOLVED:
	case STATE_NONE:
		return STATUS_TROUBLE;
	case STATE_FILTERED:
		/* Nobody may have asked the hops that are left. */
		return trace_evidence_is_cut(trail->evidence) ? STATUS_TROUBLE
							      : STATUS_FAIL;
	default:
		return STATUS_FAIL;
	}
}

/* ---- telling ----------------------------------------------------------------- */

static void add_target(
	struct strbuf *line, const struct tracing *t, const struct trail *trail)
{
	char address[NET_ADDRESS_TEXT];

	strbuf_addf(line, "%s on %s (", t->adhoc.plan->checks[0].name,
		t->adhoc.plan->hosts[0].name);
	if (trail->address.family)
		strbuf_addf(line, "%s ",
			net_address_format(&trail->address, address, sizeof address));
	strbuf_addf(line, "port %u): ", trail->port);
}

/* What the walk came to, unless the kernel knows better: that silence was this
 * machine's own, or a neighbour's. */
static char *sentence_of(const struct trail *trail)
{
	if (trail->state == STATE_ERROR || trail->reason == REASON_NEIGHBOUR_SILENT)
		return NULL;
	return trace_evidence_sentence(trail->evidence);
}

static int print_text(const struct tracing *t, const struct trail *trail)
{
	char *sentence = sentence_of(trail);
	struct strbuf line, visible;
	int rc;

	strbuf_init(&line);
	strbuf_init(&visible);
	add_target(&line, t, trail);
	strbuf_adds(&line, sentence ? sentence : probe_reason_text(trail->reason));
	rc = line.failed ? -ENOMEM : 0;
	if (rc == 0)
		printf("%s\n", command_visible(&visible, line.text));
	if (trail->state == STATE_CLOSED && !t->open_port)
		puts("With --open-port PORT, a port of the host that accepts, the "
		     "distances of both are compared:\na reset from a shorter distance comes from a firewall.");
	free(sentence);
	strbuf_fini(&visible);
	strbuf_fini(&line);
	return rc;
}

static json_t *trail_object(const struct tracing *t, const struct trail *trail)
{
	char time[32], address[NET_ADDRESS_TEXT];
	json_t *evidence = json_evidence(trail->evidence);
	struct json_filler line;

	json_filler_init(&line);
	json_put_text(&line, "type", "trace");
	json_put_text(
		&line, "time", clock_format(t->adhoc.started_us, time, sizeof time));
	json_put_text(&line, "vantage", t->adhoc.config->settings.vantage);
	json_put_text(&line, "host", t->adhoc.plan->hosts[0].name);
	json_put_text(&line, "check", t->adhoc.plan->checks[0].name);
	json_put_text(&line, "address",
		trail->address.family
			? net_address_format(&trail->address, address, sizeof address)
			: NULL);
	json_put_number(&line, "port", trail->port);
	json_put_text(&line, "state", probe_state_word(trail->state));
	json_put_text(&line, "reason", probe_reason_word(trail->reason));
	json_put(&line, "trace",
		json_incref(json_object_get(evidence, "trace")
				    ? json_object_get(evidence, "trace")
				    : json_null()));
	json_decref(evidence);
	return json_filler_take(&line);
}

static int print_json(const struct tracing *t, const struct trail *trail)
{
	json_t *object = trail_object(t, trail);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	struct strbuf line;
	int rc = -ENOMEM;

	strbuf_init(&line);
	if (text)
		visible_add_json(&line, text);
	if (text && !line.failed)
		rc = puts(line.text) < 0 ? -EIO : 0;
	strbuf_fini(&line);
	free(text);
	json_decref(object);
	return rc;
}

/* The status of one, or a negative errno. */
static int tell_trail(const struct tracing *t, const struct trail *trail)
{
	bool json = strcmp(t->adhoc.options.format->name, "jsonl") == 0;
	int rc = json ? print_json(t, trail) : print_text(t, trail);

	return rc < 0 ? rc : status_of(trail);
}

/* The status of the worst, or a negative errno. */
static int tell(const struct tracing *t)
{
	uint32_t step = t->open_port ? 2 : 1;
	int worst = STATUS_PASS;

	for (uint32_t walk = 0; walk < t->n_walks; walk += step) {
		uint32_t count = count_trails(t, walk);
		for (uint32_t i = 0; i < count; i++) {
			struct trail trail = trail_of(t, walk, i);
			int status = tell_trail(t, &trail);
			free(trail.evidence);
			if (status < 0)
				return status;
			worst = status > worst ? status : worst;
		}
	}
	return worst;
}

/* ---- the verb ---------------------------------------------------------------- */

static int run_trace(struct tracing *t, const struct command *self, const char *check,
	const char *host)
{
	int rc;

	if (adhoc_load(&t->adhoc, check, host) < 0)
		return STATUS_USAGE;
	if (!t->adhoc.plan->checks[0].ops->port)
		return command_usage(self,
			"%s does not connect to a TCP port, so there is nothing to trace",
			t->adhoc.plan->checks[0].name);
	rc = adhoc_open(&t->adhoc);
	if (rc == 0)
		rc = find_walks(t);
	if (rc == 0)
		rc = walk(t);
	if (rc < 0) {
		log_error("the trace failed: %s", strerror(-rc));
		return STATUS_TROUBLE;
	}
	rc = tell(t);
	return rc < 0 ? command_finish(rc, STATUS_TROUBLE) : command_flush(rc);
}

static bool is_possible(const struct report_ops *format)
{
	return strcmp(format->name, "text") == 0 || strcmp(format->name, "jsonl") == 0;
}

static bool read_budget(const char *text, uint64_t *ms)
{
	return duration_parse(text, ms) && *ms > 0 && *ms <= BUDGET_MOST_MS;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct tracing t = {.budget_ms = BUDGET_MS};
	const char *open_port = NULL, *within = NULL;
	const struct verb_option verb_options[] = {
		{"open-port", NULL, &open_port},
		{"within", NULL, &within},
		{NULL, NULL, NULL},
	};
	int at = options_parse(self, argc, argv, verb_options, &t.adhoc.options);
	int status;

	if (at < 0)
		return options_status(at);
	if (open_port && !port_parse(open_port, &t.open_port))
		return command_usage(
			self, "--open-port takes a port, a number from 1 to 65535");
	if (within && !read_budget(within, &t.budget_ms))
		return command_usage(
			self, "--within takes a duration from 1ms to 1h, such as 10s");
	if (!is_possible(t.adhoc.options.format))
		return command_usage(self, "trace prints text or jsonl");
	if (argc - at != 2)
		return command_usage(
			self, "expected a check and a host, such as 'tcp/443 ls1'");
	arena_init(&t.memory, 0);
	status = run_trace(&t, self, argv[at], argv[at + 1]);
	results_fini(&t.walked);
	plan_free(t.plan);
	arena_fini(&t.memory);
	adhoc_fini(&t.adhoc);
	return status;
}

const struct command trace_command = {
	.name = "trace",
	.summary = "Find the last hop that packets to a check's port reach",
	.usage = "[--open-port PORT] [--within DURATION] CHECK HOST",
	.help = "Sends SYNs with a rising TTL to the port of CHECK, from three source "
		"ports, and\nshows which routers answer. rpc/NAME and sweep/LO-HI[,...] "
		"are probed first, to\nlearn which port that is. HOST is a name or an "
		"address; with -c FILE its time\nlimits, DNS servers and inventory are "
		"used.\n\n"
		"      --open-port PORT   another port of the host, one that accepts: "
		"its distance\n"
		"                         shows how far before the host packets get "
		"lost, and\n"
		"                         whether a reset comes from the host\n"
		"      --within DURATION  how long it may take (default: 60s)\n\n"
		"Exit status: 0 the target was reached, 1 it was not, 2 wrong usage, "
		"3 could not\nmeasure, or not in time.\n",
	.run = run,
};
