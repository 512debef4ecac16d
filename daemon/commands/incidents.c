/* SPDX-License-Identifier: Apache-2.0 */
/* reachd incidents: what people were notified of and is not over. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"
#include "daemon/commands/command.h"
#include "daemon/render/visible.h"

struct listing {
	bool json;
	int64_t now_us;
	uint32_t open, count;
	int rc;
};

/* ---- JSON lines ------------------------------------------------------------------ */

static void set_time(json_t *object, const char *key, int64_t us)
{
	char text[32];

	json_object_set_new(
		object, key, json_string(clock_format(us, text, sizeof text)));
}

/* Its scope and where its packets get lost are those of the scan that opened it. */
static json_t *json_line(const struct store_incident *incident)
{
	json_t *line = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I}",
		"type", "incident", "vantage", incident->vantage, "number",
		(json_int_t)incident->id, "uid", incident->uid, "status",
		incident->closed_scan ? "closed" : "open", "kind", incident->kind,
		"summary", incident->summary, "flows", (json_int_t)incident->flows,
		"remaining", (json_int_t)incident->remaining, "opened_scan",
		(json_int_t)incident->opened_scan);
	json_t *body = json_loads(incident->body, 0, NULL);

	if (line) {
		set_time(line, "opened", incident->opened_us);
		if (incident->closed_scan) {
			json_object_set_new(line, "closed_scan",
				json_integer(incident->closed_scan));
			set_time(line, "closed", incident->closed_us);
		}
		json_object_set(line, "scope", json_object_get(body, "scope"));
		json_object_set(line, "trace", json_object_get(body, "trace"));
	}
	json_decref(body);
	return line;
}

static int print_json(const struct store_incident *incident)
{
	json_t *line = json_line(incident);
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	struct strbuf visible;
	int rc = 0;

	strbuf_init(&visible);
	if (text)
		visible_add_json(&visible, text);
	if (!text || visible.failed)
		rc = -ENOMEM;
	else if (puts(visible.text) < 0)
		rc = -EIO;
	strbuf_fini(&visible);
	free(text);
	json_decref(line);
	return rc;
}

/* ---- text ------------------------------------------------------------------------ */

/* The clock may have been set back: then nothing is said of an age. */
static void add_age(
	struct strbuf *out, int64_t from_us, int64_t to_us, const char *more)
{
	char span[32];

	if (to_us > from_us)
		strbuf_addf(out, ", %s%s",
			duration_format((uint64_t)(to_us - from_us) / 1000000 * 1000,
				span, sizeof span),
			more);
}

static void print_text(const struct store_incident *incident, int64_t now_us)
{
	bool open = incident->closed_scan == 0;
	struct strbuf line, name;
	char time[32];

	strbuf_init(&line);
	strbuf_init(&name);
	strbuf_addf(&line, "%4lld  %s: ", (long long)incident->id,
		command_visible(&name, incident->kind));
	strbuf_adds(&line, command_visible(&name, incident->summary));
	strbuf_addf(&line, "\n      %s scan %lld, %s",
		open ? "open since" : "opened by", (long long)incident->opened_scan,
		clock_format(incident->opened_us, time, sizeof time));
	if (open) {
		add_age(&line, incident->opened_us, now_us, "");
	} else {
		strbuf_addf(&line, "; closed by scan %lld",
			(long long)incident->closed_scan);
		add_age(&line, incident->opened_us, incident->closed_us, " later");
	}
	if (open && incident->flows)
		strbuf_addf(&line, "; %llu of %llu flow%s left",
			(unsigned long long)incident->remaining,
			(unsigned long long)incident->flows,
			incident->flows == 1 ? "" : "s");
	puts(line.failed ? "out of memory" : line.text);
	strbuf_fini(&line);
	strbuf_fini(&name);
}

/* ---- the verb -------------------------------------------------------------------- */

static bool on_incident(void *data, const struct store_incident *incident)
{
	struct listing *listing = data;

	listing->count++;
	listing->open += incident->closed_scan == 0;
	if (listing->json)
		listing->rc = print_json(incident);
	else
		print_text(incident, listing->now_us);
	return listing->rc == 0;
}

static int list(struct store *store, const char *vantage, bool all, bool json)
{
	struct listing listing = {.json = json, .now_us = clock_wall_us()};

	if (store_incident_list(store, vantage, !all, on_incident, &listing) < 0) {
		log_error("%s", store_last_error(store));
		return STATUS_TROUBLE;
	}
	if (listing.rc < 0)
		return command_finish(listing.rc, STATUS_TROUBLE);
	if (listing.count == 0)
		log_notice("there are no %sincidents", all ? "" : "open ");
	return command_flush(listing.open ? STATUS_FAIL : STATUS_PASS);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	bool all = false;
	const struct verb_option verb_options[] = {
		{"all", &all, NULL},
		{NULL, NULL, NULL},
	};
	int at = options_parse(self, argc, argv, verb_options, &options);
	struct store *store;
	int status;

	if (at < 0)
		return options_status(at);
	if (at < argc)
		return command_usage(self, "unexpected word '%s'", argv[at]);
	if (strcmp(options.format->name, "text") != 0 &&
		strcmp(options.format->name, "jsonl") != 0)
		return command_usage(self, "incidents supports only text and jsonl");
	status = options_open_store(&options, STORE_READ, &store);
	if (status != STATUS_PASS)
		return status;
	status = list(store, options.vantage, all,
		strcmp(options.format->name, "jsonl") == 0);
	store_close(store);
	return status;
}

const struct command incidents_command = {
	.name = "incidents",
	.summary = "List the open incidents",
	.usage = "[--all]",
	.help = "      --all  also list incidents that have closed\n"
		"The exit status is 1 when an incident is open, else 0.\n",
	.run = run,
};
