/* SPDX-License-Identifier: Apache-2.0 */
/* reachd baseline: named scans, to compare with later. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"
#include "daemon/commands/command.h"
#include "daemon/commands/side.h"

/* The words after the options, understood. */
struct request {
	enum {
		BASELINE_LIST,
		BASELINE_SAVE,
		BASELINE_REMOVE
	} verb;
	const char *name, *scan;
	bool replace;
};

static bool print_baseline(void *data, const struct store_baseline *baseline)
{
	char time[32];
	struct strbuf name;
	unsigned *count = data;

	strbuf_init(&name);
	printf("%-24s scan %-8lld saved %s\n", command_visible(&name, baseline->name),
		(long long)baseline->scan,
		clock_format(baseline->saved_us, time, sizeof time));
	strbuf_fini(&name);
	++*count;
	return true;
}

static int list(struct store *store)
{
	unsigned count = 0;

	if (store_baseline_list(store, print_baseline, &count) < 0) {
		log_error("%s", store_last_error(store));
		return STATUS_TROUBLE;
	}
	if (count == 0)
		log_notice("there are no baselines; 'reachd baseline save NAME' "
			   "creates one");
	return command_flush(STATUS_PASS);
}

static int save(struct store *store, const char *vantage, const struct request *request)
{
	struct store_scan scan;
	int rc;

	if (!side_find_scan(store, vantage, request->scan, &scan))
		return STATUS_USAGE;
	rc = store_baseline_save(
		store, request->name, scan.id, clock_wall_us(), request->replace);
	if (rc == -EEXIST) {
		log_error("duplicate baseline '%s'; to move it, use --replace",
			request->name);
		return STATUS_USAGE;
	}
	if (rc < 0) {
		log_error("%s", store_last_error(store));
		return STATUS_TROUBLE;
	}
	return STATUS_PASS;
}

static int delete_baseline(struct store *store, const char *name)
{
	int rc = store_baseline_remove(store, name);

	if (rc == -ENOENT) {
		log_error("unknown baseline '%s'; 'reachd baseline list' lists them",
			name);
		return STATUS_USAGE;
	}
	if (rc < 0)
		log_error("%s", store_last_error(store));
	return rc < 0 ? STATUS_TROUBLE : STATUS_PASS;
}

/* A word that a scan number, a time or 'last' could be mistaken for is no good name. */
static bool good_name(const char *name)
{
	uint64_t number;
	int64_t time;

	return *name && strcmp(name, "last") != 0 && strcmp(name, "now") != 0 &&
	       strcmp(name, "previous") != 0 &&
	       !number_parse(name, UINT64_MAX, &number) && !clock_parse(name, &time) &&
	       !strchr(name, '/') && !strchr(name, '@');
}

static int parse(
	const struct command *self, int n, char **words, struct request *request)
{
	if (n == 0)
		return command_usage(self, "expected save, list or rm");
	if (strcmp(words[0], "list") == 0) {
		request->verb = BASELINE_LIST;
		return n == 1 ? STATUS_PASS
			      : command_usage(self, "list takes no argument");
	}
	request->name = n > 1 ? words[1] : NULL;
	if (strcmp(words[0], "rm") == 0) {
		request->verb = BASELINE_REMOVE;
		return n == 2 ? STATUS_PASS : command_usage(self, "rm takes one NAME");
	}
	if (strcmp(words[0], "save") != 0)
		return command_usage(
			self, "expected save, list or rm, not '%s'", words[0]);
	if (n < 2 || n > 3)
		return command_usage(self, "save takes a NAME and optionally a SCAN");
	if (!good_name(request->name))
		return command_usage(self,
			"'%s' is not a valid name for a baseline: it looks like a scan number, a "
			"time or a file",
			request->name);
	request->verb = BASELINE_SAVE;
	request->scan = n == 3 ? words[2] : "last";
	return STATUS_PASS;
}

static int carry_out(
	struct store *store, const char *vantage, const struct request *request)
{
	switch (request->verb) {
	case BASELINE_LIST:
		return list(store);
	case BASELINE_SAVE:
		return save(store, vantage, request);
	default:
		return delete_baseline(store, request->name);
	}
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	struct request request = {.name = NULL};
	const struct verb_option verb_options[] = {
		{"replace", &request.replace, NULL},
		{NULL, NULL, NULL},
	};
	int at = options_parse(self, argc, argv, verb_options, &options);
	struct store *store;
	int status;

	if (at < 0)
		return options_status(at);
	status = parse(self, argc - at, argv + at, &request);
	if (status != STATUS_PASS)
		return status;
	status = options_open_store(&options,
		request.verb == BASELINE_LIST ? STORE_READ : STORE_NOTE, &store);
	if (status != STATUS_PASS)
		return status;
	status = carry_out(store, options.vantage, &request);
	store_close(store);
	return status;
}

const struct command baseline_command = {
	.name = "baseline",
	.summary = "Name a scan, to compare with it later",
	.usage = "save NAME [SCAN] | list | rm NAME",
	.help = "SCAN is a number, a time or 'last' (the default).\n"
		"      --replace       with save: move an existing name to this scan\n",
	.run = run,
};
