/* SPDX-License-Identifier: Apache-2.0 */
/* reachd history: one flow over time. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/commands/command.h"
#include "daemon/render/visible.h"
#include "probes/probe.h"

enum {
	EVIDENCE_WIDTH = 200
};

struct flow_name {
	char vantage[256], host[256], check[PROBE_ARGUMENT_MAX + 32];
	bool found;
};

struct printing {
	const struct flow_name *flow;
	bool json;
	bool any;       /* of the kind being printed */
	int64_t pruned; /* scans up to this one are gone; 0: none, or it was said */
	int rc;
};

/* ---- which flow ----------------------------------------------------------- */

static bool on_match(
	void *data, const char *vantage, const char *host, const char *check)
{
	struct flow_name *name = data;

	if (strcmp(host, name->host) != 0 || strcmp(check, name->check) != 0 ||
		(*name->vantage && strcmp(vantage, name->vantage) != 0))
		return true;
	snprintf(name->vantage, sizeof name->vantage, "%s", vantage);
	name->found = true;
	return false;
}

static bool suggest_flow(
	void *data, const char *vantage, const char *host, const char *check)
{
	unsigned *count = data;
	struct strbuf names[3];

	for (int i = 0; i < 3; i++)
		strbuf_init(&names[i]);
	if ((*count)++ == 0)
		fputs("Similar flows:\n", stderr);
	fprintf(stderr, "  %s %s (from %s)\n", command_visible(&names[0], host),
		command_visible(&names[1], check), command_visible(&names[2], vantage));
	for (int i = 0; i < 3; i++)
		strbuf_fini(&names[i]);
	return true;
}

static int find_flow(struct store *store, struct flow_name *name)
{
	unsigned suggestions = 0;
	struct strbuf vantage;
	int rc = store_find_flows(store, name->host, UINT32_MAX, on_match, name);

	if (rc < 0) {
		log_error("%s", store_last_error(store));
		return STATUS_TROUBLE;
	}
	if (name->found)
		return STATUS_PASS;
	strbuf_init(&vantage);
	log_error("the store has no flow '%s %s'%s%s", name->host, name->check,
		*name->vantage ? " from " : "",
		command_visible(&vantage, name->vantage));
	strbuf_fini(&vantage);
	store_find_flows(store, name->host, 10, suggest_flow, &suggestions);
	return STATUS_USAGE;
}

/* ---- one line of output --------------------------------------------------- */

static json_t *json_line(const struct printing *p, const char *type)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "type", type, "vantage",
		p->flow->vantage, "host", p->flow->host, "check", p->flow->check);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

static void set_number(json_t *object, const char *key, int64_t number)
{
	json_object_set_new(object, key, json_integer(number));
}

static void set_time(json_t *object, const char *key, int64_t us)
{
	char text[32];

	set_text(object, key, clock_format(us, text, sizeof text));
}

/* Takes the object over. */
static void print_json(struct printing *p, json_t *object)
{
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	struct strbuf visible;

	json_decref(object);
	strbuf_init(&visible);
	if (line)
		visible_add_json(&visible, line);
	if (!line || visible.failed)
		p->rc = -ENOMEM;
	else if (puts(visible.text) < 0)
		p->rc = -EIO;
	strbuf_fini(&visible);
	free(line);
}

/* A heading before the first line of a kind. */
static void head(struct printing *p, const char *heading)
{
	if (!p->any)
		printf("%s\n", heading);
	p->any = true;
}

/* ---- intervals ------------------------------------------------------------ */

static void interval_json(struct printing *p, const struct store_interval *interval)
{
	json_t *object = json_line(p, "interval");
	json_t *evidence = json_loads(interval->evidence, 0, NULL);

	set_text(object, "state", interval->state);
	set_text(object, "reason", interval->reason);
	set_number(object, "from_scan", interval->from_scan);
	set_time(object, "from", interval->from_us);
	if (interval->to_scan) {
		set_number(object, "to_scan", interval->to_scan);
		set_time(object, "to", interval->to_us);
	}
	if (interval->removed)
		json_object_set_new(object, "removed", json_true());
	if (evidence)
		json_object_set_new(object, "evidence", evidence);
	print_json(p, object);
}

static const char *interval_end(
	const struct store_interval *interval, char *buf, size_t size)
{
	const char *why = interval->removed ? ", then it left the inventory" : "";

	if (!interval->to_scan)
		snprintf(buf, size, "since scan %lld", (long long)interval->from_scan);
	else if (interval->to_scan == interval->from_scan)
		snprintf(buf, size, "scan %lld%s", (long long)interval->from_scan, why);
	else
		snprintf(buf, size, "scans %lld to %lld%s",
			(long long)interval->from_scan, (long long)interval->to_scan,
			why);
	return buf;
}

/* Bytes of the characters that a line of evidence has room for. */
static int clip(const char *text)
{
	size_t length = strnlen(text, EVIDENCE_WIDTH);

	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return (int)length;
}

static void print_evidence(struct strbuf *buf, const char *evidence)
{
	const char *text = command_visible(buf, evidence);

	printf("      %.*s\n", clip(text), text);
}

/* Evidence is what the network said, and the file may be anybody's. */
static void interval_text(const struct store_interval *interval)
{
	char from[32], end[96];
	struct strbuf state, reason;

	strbuf_init(&state);
	strbuf_init(&reason);
	printf("  %s  %-11s %-22s %s\n",
		clock_format(interval->from_us, from, sizeof from),
		command_visible(&state, interval->state),
		command_visible(&reason, interval->reason),
		interval_end(interval, end, sizeof end));
	if (*interval->evidence)
		print_evidence(&state, interval->evidence);
	strbuf_fini(&state);
	strbuf_fini(&reason);
}

/* What ended by then was let go of; an interval that began later follows on nothing. */
static void print_pruned(struct printing *p, int64_t from_scan)
{
	if (from_scan > p->pruned + 1)
		return;
	if (p->json) {
		json_t *object = json_line(p, "pruned");
		set_number(object, "to_scan", p->pruned);
		print_json(p, object);
	} else {
		printf("  rows that ended by scan %lld were pruned, except those of "
		       "baselines: see 'retention: history'\n",
			(long long)p->pruned);
	}
}

static bool on_interval(void *data, const struct store_interval *interval)
{
	struct printing *p = data;

	if (p->pruned)
		print_pruned(p, interval->from_scan);
	p->pruned = 0;
	if (p->json)
		interval_json(p, interval);
	else
		interval_text(interval);
	return p->rc == 0;
}

/* ---- gaps and round trips ------------------------------------------------- */

static bool on_gap(void *data, int64_t scan, int64_t wall_us, const char *reason)
{
	struct printing *p = data;
	char time[32];
	struct strbuf visible;

	if (p->json) {
		json_t *object = json_line(p, "gap");
		set_number(object, "scan", scan);
		set_time(object, "time", wall_us);
		set_text(object, "reason", reason);
		print_json(p, object);
		return p->rc == 0;
	}
	head(p, "not measured:");
	strbuf_init(&visible);
	printf("  %s  scan %lld: %s\n", clock_format(wall_us, time, sizeof time),
		(long long)scan, command_visible(&visible, reason));
	strbuf_fini(&visible);
	return true;
}

static bool on_rtt(void *data, const struct store_rtt *rtt)
{
	struct printing *p = data;
	char time[32];

	if (p->json) {
		json_t *object = json_line(p, "rtt");
		set_time(object, "hour", rtt->hour_us);
		set_number(object, "min_us", rtt->min_us);
		set_number(object, "mean_us", rtt->mean_us);
		set_number(object, "max_us", rtt->max_us);
		set_number(object, "count", rtt->count);
		print_json(p, object);
		return p->rc == 0;
	}
	head(p, "round trips by the hour (min / mean / max ms):");
	printf("  %s  %.3f / %.3f / %.3f, %u measured\n",
		clock_format(rtt->hour_us, time, sizeof time), rtt->min_us / 1e3,
		rtt->mean_us / 1e3, rtt->max_us / 1e3, rtt->count);
	return true;
}

/* ---- the verb ------------------------------------------------------------- */

static void print_flow_name(const struct flow_name *flow)
{
	struct strbuf name;

	strbuf_init(&name);
	printf("%s ", command_visible(&name, flow->host));
	printf("%s ", command_visible(&name, flow->check));
	printf("from %s\n", command_visible(&name, flow->vantage));
	strbuf_fini(&name);
}

static int print_history(struct store *store, const struct flow_name *flow, bool json)
{
	struct printing p = {.flow = flow, .json = json};
	int rc;

	if (!json)
		print_flow_name(flow);
	rc = store_pruned(store, flow->vantage, &p.pruned);
	if (rc == 0)
		rc = store_history(
			store, flow->vantage, flow->host, flow->check, on_interval, &p);
	if (rc == 0 && p.rc == 0)
		rc = store_gaps(
			store, flow->vantage, flow->host, flow->check, on_gap, &p);
	p.any = false;
	if (rc == 0 && p.rc == 0)
		rc = store_rtts(
			store, flow->vantage, flow->host, flow->check, on_rtt, &p);
	if (rc < 0)
		log_error("%s", store_last_error(store));
	if (rc < 0 || p.rc < 0)
		return rc < 0 ? STATUS_TROUBLE : command_finish(p.rc, STATUS_PASS);
	return command_flush(STATUS_PASS);
}

/* "HOST CHECK" as two words, or HOST/CHECK: a host's name has no slash. */
static bool split_flow(int n, char **words, struct flow_name *flow)
{
	size_t length = strcspn(words[0], n == 2 ? "" : "/");
	const char *check = n == 2 ? words[1] : words[0] + length;

	if (n == 1 && *check++ != '/')
		return false;
	if (length >= sizeof flow->host || strlen(check) >= sizeof flow->check)
		return false;
	memcpy(flow->host, words[0], length);
	flow->host[length] = '\0';
	memcpy(flow->check, check, strlen(check) + 1);
	return length > 0 && *check;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	struct flow_name flow = {.found = false};
	int at = options_parse(self, argc, argv, NULL, &options);
	struct store *store;
	int status;

	if (at < 0)
		return options_status(at);
	if (argc - at < 1 || argc - at > 2 || !split_flow(argc - at, argv + at, &flow))
		return command_usage(
			self, "expected HOST CHECK, such as 'ls1 tcp/135'");
	if (strcmp(options.format->name, "text") != 0 &&
		strcmp(options.format->name, "jsonl") != 0)
		return command_usage(self, "history prints text or jsonl");
	status = options_open_store(&options, STORE_READ, &store);
	if (status != STATUS_PASS)
		return status;
	if (options.vantage)
		snprintf(flow.vantage, sizeof flow.vantage, "%s", options.vantage);
	status = find_flow(store, &flow);
	if (status == STATUS_PASS)
		status = print_history(
			store, &flow, strcmp(options.format->name, "jsonl") == 0);
	store_close(store);
	return status;
}

const struct command history_command = {
	.name = "history",
	.summary = "Show one flow over time",
	.usage = "HOST CHECK",
	.help = "HOST/CHECK as one word works as well.\n",
	.run = run,
};
