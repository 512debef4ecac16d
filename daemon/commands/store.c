/* SPDX-License-Identifier: Apache-2.0 */
/* reachd store: check the database file, compact it, copy it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/os/os.h"
#include "base/size.h"
#include "daemon/commands/command.h"
#include "store/upkeep.h"

struct upkeep {
	const struct common_options *options;
	struct store *store;
	const char *target; /* of a backup */
};

/* ---- check ---------------------------------------------------------------- */

static bool on_problem(void *data, const char *problem)
{
	struct strbuf text;
	unsigned *count = data;

	strbuf_init(&text);
	printf("%s\n", command_visible(&text, problem));
	strbuf_fini(&text);
	++*count;
	return true;
}

static int check(struct upkeep *upkeep)
{
	unsigned problems = 0;
	int rc = store_check(upkeep->store, on_problem, &problems);

	if (rc == -EBADMSG)
		on_problem(&problems, store_last_error(upkeep->store));
	else if (rc < 0)
		log_error("%s", store_last_error(upkeep->store));
	if (rc < 0 && rc != -EBADMSG)
		return STATUS_TROUBLE;
	if (!problems) {
		puts("sound: pages, references and contents");
		return command_flush(STATUS_PASS);
	}
	log_error("the database is damaged: move it away and put a backup in its "
		  "place ('reachd store backup' makes them); without a backup, the "
		  "next scan creates a new store");
	return command_flush(STATUS_FAIL);
}

/* ---- compact -------------------------------------------------------------- */

static int compact(struct upkeep *upkeep)
{
	struct store_sizes sizes;

	if (store_compact(upkeep->store, &sizes) < 0) {
		log_error("%s", store_last_error(upkeep->store));
		return STATUS_TROUBLE;
	}
	printf("%lld bytes, before %lld\n", (long long)sizes.after,
		(long long)sizes.before);
	return command_flush(STATUS_PASS);
}

/* ---- backup --------------------------------------------------------------- */

static volatile sig_atomic_t stopped;

static void on_stop(void)
{
	stopped = 1;
}

struct line {
	bool enabled;
	int64_t percent;
};

static bool on_pages(void *data, int64_t done, int64_t all)
{
	struct line *line = data;
	int64_t percent = all ? done * 100 / all : 100;

	if (line->enabled && percent != line->percent)
		fprintf(stderr, "\r\033[Kcopying: %lld %%", (long long)percent);
	line->percent = percent;
	return !stopped;
}

static int backup(struct upkeep *upkeep)
{
	unsigned width;
	struct line line = {
		.enabled = os_is_terminal(stderr, &width) && !upkeep->options->quiet,
		.percent = -1,
	};
	int rc;

	os_on_stop(on_stop);
	rc = store_backup(upkeep->store, upkeep->target, on_pages, &line);
	if (line.enabled)
		fputs("\r\033[K", stderr);
	if (rc < 0)
		log_error("%s", store_last_error(upkeep->store));
	if (rc == -EEXIST)
		return STATUS_USAGE;
	return rc < 0 ? STATUS_TROUBLE : STATUS_PASS;
}

/* ---- all ------------------------------------------------------------------ */

static const struct action {
	const char *name;
	enum store_mode mode;
	bool needs_target;
	int (*run)(struct upkeep *upkeep);
} actions[] = {
	{"check", STORE_READ, false, check},
	{"compact", STORE_WRITE, false, compact},
	{"backup", STORE_READ, true, backup},
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

static int carry_out(
	const struct action *action, struct common_options *options, const char *target)
{
	struct upkeep upkeep = {.options = options, .target = target};
	int status;

	/* A writer makes the store that is missing, which is nothing to compact. */
	if (action->mode == STORE_WRITE) {
		status = options_open_store(options, STORE_READ, &upkeep.store);
		store_close(upkeep.store);
		upkeep.store = NULL;
		if (status != STATUS_PASS)
			return status;
	}
	status = options_open_store(options, action->mode, &upkeep.store);
	if (status != STATUS_PASS)
		return status;
	status = action->run(&upkeep);
	store_close(upkeep.store);
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	int at = options_parse(self, argc, argv, NULL, &options);
	const struct action *action;
	const char *file;

	if (at < 0)
		return options_status(at);
	if (at == argc)
		return command_usage(self, "expected check, compact or backup");
	action = find_action(argv[at]);
	if (!action)
		return command_usage(
			self, "expected check, compact or backup, not '%s'", argv[at]);
	file = at + 1 < argc ? argv[at + 1] : NULL;
	if (at + 2 < argc)
		return command_usage(self, "unexpected argument '%s'", argv[at + 2]);
	if (action->needs_target)
		return file ? carry_out(action, &options, file)
			    : command_usage(self, "backup takes the FILE to create");
	if (file && options.store)
		return command_usage(self, "the database is given twice");
	if (file)
		options.store = file;
	return carry_out(action, &options, NULL);
}

const struct command store_command = {
	.name = "store",
	.summary = "Check, compact or back up the database",
	.usage = "check [FILE] | compact [FILE] | backup FILE",
	.help = "check and compact use the database FILE; by default, that of the configuration.\n"
		"backup copies the database of the configuration (or --store) to a new FILE,\n"
		"also while a scan writes to it.\n"
		"Exit status of check: 0 sound, 1 damaged, 3 could not be checked.\n",
	.run = run,
};
