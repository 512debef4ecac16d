/* SPDX-License-Identifier: Apache-2.0 */
/* reachd notify: who is told, what waits for them, and whether they can be reached. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/os/os.h"
#include "base/suggest.h"
#include "daemon/commands/command.h"
#include "daemon/notify/message.h"
#include "daemon/notify/notices.h"
#include "daemon/notify/sink.h"
#include "daemon/notify/transfer.h"
#include "store/outbox.h"

/* ---- list -------------------------------------------------------------------- */

struct listing {
	const struct notify_sink *sink;
	bool found;
};

static void print_name(const struct notify_sink *sink)
{
	printf("%-24s %-9s ", sink->name, notify_kind_word(sink->kind));
}

static void print_waiting(const struct outbox_sink *sink)
{
	struct strbuf text;
	char time[32];

	if (sink->waiting == 0) {
		printf("nothing waiting");
		return;
	}
	printf("%" PRIu64 " waiting since %s", sink->waiting,
		clock_format_short(sink->oldest_us, time, sizeof time));
	strbuf_init(&text);
	if (sink->attempts)
		printf(", tried %" PRIu32 " times: %s", sink->attempts,
			command_visible(&text, sink->error));
	strbuf_fini(&text);
}

static bool print_sink(void *data, const struct outbox_sink *sink)
{
	struct listing *listing = data;

	if (strcmp(sink->name, listing->sink->name) != 0)
		return true;
	listing->found = true;
	print_name(listing->sink);
	print_waiting(sink);
	printf("; sent %" PRIu64, sink->told);
	if (sink->refused)
		printf(", refused %" PRIu64, sink->refused);
	if (sink->dropped)
		printf(", dropped %" PRIu64, sink->dropped);
	putchar('\n');
	return false;
}

static int list_sinks(const struct config *config, struct store *store)
{
	for (uint32_t i = 0; i < config->notify.count; i++) {
		struct listing listing = {.sink = &config->notify.sinks[i]};
		int rc = store ? outbox_list(store, config->settings.vantage,
					 print_sink, &listing)
			       : 0;
		if (rc < 0) {
			log_error("%s", store_last_error(store));
			return STATUS_TROUBLE;
		}
		if (listing.found)
			continue;
		print_name(listing.sink);
		puts("is used from the next scan on");
	}
	return command_flush(STATUS_PASS);
}

/* A store that no scan has made yet is no mistake. */
static int list(const struct common_options *options, const struct config *config)
{
	const char *path = options->store ? options->store : config->settings.store;
	struct store *store = NULL;
	struct store_error error;
	int rc = store_open(path, STORE_READ, &store, &error);
	int status;

	if (rc < 0 && rc != -ENOENT) {
		log_error("%s", error.text);
		return STATUS_TROUBLE;
	}
	status = list_sinks(config, store);
	store_close(store);
	return status;
}

/* ---- test -------------------------------------------------------------------- */

static atomic_bool stopped;

static void on_stop(void)
{
	atomic_store(&stopped, true);
}

static bool try_sink(const struct notify_sink *sink, const char *vantage)
{
	int64_t now_us = clock_wall_us();
	struct sink_attempt attempt = {.stop = &stopped};
	struct strbuf text;
	struct outbox_notice notice;
	char *body = notice_of_test(vantage, now_us);
	char uid[64];
	json_t *message;
	bool done;

	snprintf(uid, sizeof uid, "test-%" PRId64, now_us);
	notice = (struct outbox_notice){
		.uid = uid, .put_us = now_us, .body = body ? body : ""};
	message = message_of_notice(&notice, 0);
	free(body);
	attempt.message = message;
	done = message && sink_try(sink, &attempt) == SINK_DONE;
	json_decref(message);
	strbuf_init(&text);
	print_name(sink);
	puts(done ? "accepted the test" : command_visible(&text, attempt.error));
	strbuf_fini(&text);
	return done;
}

static const struct notify_sink *find_sink(
	const struct notify_list *list, const char *name)
{
	const char *names[NOTIFY_MAX_SINKS];
	const char *near;

	for (uint32_t i = 0; i < list->count; i++) {
		names[i] = list->sinks[i].name;
		if (strcmp(names[i], name) == 0)
			return &list->sinks[i];
	}
	near = suggest_nearest(name, names, list->count);
	log_error("unknown sink '%s'%s%s%s", name, near ? ": did you mean '" : "",
		near ? near : "", near ? "'?" : "");
	return NULL;
}

static int test(const struct config *config, const char *name)
{
	const struct notify_list *list = &config->notify;
	const struct notify_sink *only = name ? find_sink(list, name) : NULL;
	uint32_t failed = 0;

	if (name && !only)
		return STATUS_USAGE;
	if (transfer_prepare() < 0) {
		log_error("out of memory");
		return STATUS_TROUBLE;
	}
	os_on_stop(on_stop);
	for (uint32_t i = 0; i < list->count && !atomic_load(&stopped); i++)
		if (!only || only == &list->sinks[i])
			failed += !try_sink(&list->sinks[i], config->settings.vantage);
	return command_flush(
		failed || atomic_load(&stopped) ? STATUS_TROUBLE : STATUS_PASS);
}

/* ---- the verb ---------------------------------------------------------------- */

static int carry_out(
	const struct common_options *options, const char *verb, const char *name)
{
	struct conf_report report;
	struct config *config;
	int status;

	conf_report_init(&report);
	config = options_config(options, &report);
	conf_report_fini(&report);
	if (!config)
		return STATUS_USAGE;
	if (config->notify.count == 0) {
		log_error("%s has no 'notify', so nobody is notified", config->path);
		status = STATUS_USAGE;
	} else {
		status = strcmp(verb, "list") == 0 ? list(options, config)
						   : test(config, name);
	}
	config_free(config);
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	const struct verb_option none[] = {{NULL, NULL, NULL}};
	struct common_options options;
	int at = options_parse(self, argc, argv, none, &options);
	const char *verb;

	if (at < 0)
		return options_status(at);
	verb = at < argc ? argv[at] : "";
	if (!*verb)
		return command_usage(self, "expected list or test");
	if (strcmp(verb, "list") != 0 && strcmp(verb, "test") != 0)
		return command_usage(self, "expected list or test, not '%s'", verb);
	if (argc - at > (strcmp(verb, "test") == 0 ? 2 : 1))
		return command_usage(self, "unexpected argument '%s'", argv[argc - 1]);
	return carry_out(&options, verb, argc - at == 2 ? argv[at + 1] : NULL);
}

const struct command notify_command = {
	.name = "notify",
	.summary = "Show where changes are reported and what is waiting, or test it",
	.usage = "list | test [SINK]",
	.help = "list shows every sink of the configuration; test sends a test notice to one "
		"of\nthem, or to all, at once and regardless of filters.\n",
	.run = run,
};
