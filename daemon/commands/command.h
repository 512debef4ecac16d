/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the command line, one file each, and what they share. */
#ifndef DAEMON_COMMANDS_COMMAND_H
#define DAEMON_COMMANDS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "config/config.h"
#include "daemon/analyze/flap.h"
#include "daemon/render/report.h"
#include "store/store.h"

/* Exit statuses: a promise, see reachd(1). */
enum {
	STATUS_PASS = 0,    /* every verdict passes; for diff: no difference */
	STATUS_FAIL = 1,    /* some verdict failed; for diff: differences */
	STATUS_USAGE = 2,   /* usage or configuration */
	STATUS_TROUBLE = 3, /* could not measure or could not store everything */
};

struct command {
	const char *name;
	const char *summary; /* one line for `reachd --help` */
	const char *usage;   /* what follows "reachd NAME " */
	const char *help;    /* the options that only this verb has, and examples */
	int (*run)(const struct command *self, int argc, char **argv);
};

extern const struct command scan_command;
extern const struct command run_command;
extern const struct command reload_command;
extern const struct command check_command;
extern const struct command probe_command;
extern const struct command trace_command;
extern const struct command diff_command;
extern const struct command status_command;
extern const struct command incidents_command;
extern const struct command history_command;
extern const struct command baseline_command;
extern const struct command notify_command;
extern const struct command silence_command;
extern const struct command store_command;
extern const struct command rules_command;

/* Every verb, NULL terminated, in the order of the help. */
extern const struct command *const commands[];

/* NULL when there is no such verb. */
const struct command *command_find(const char *name);

/* Writes `reachd NAME --help`. */
void command_help(const struct command *command);

/* Says on stderr what is wrong and where the help is. Returns STATUS_USAGE. */
int command_usage(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- options that every verb has --------------------------------------------- */

enum colour_choice {
	COLOUR_AUTO,
	COLOUR_ALWAYS,
	COLOUR_NEVER
};

struct common_options {
	const char *config; /* -c, --config; NULL: not given */
	const char *store;  /* --store; NULL: the configuration's */
	const struct report_ops *format;
	enum colour_choice colour;
	bool quiet;
	bool verbose;
	const char *vantage; /* --vantage; or the configuration's, once
				options_open_store() has read it; NULL: any */
	bool vantage_given;  /* by --vantage */
	/* The defaults, or the configuration's, as `vantage`. */
	struct flap_limits flap;
	char own_vantage[INVENTORY_MAX_NAME + 1]; /* what `vantage` may point to */
};

/* A verb's own option: --NAME or --NAME VALUE. A table ends with name NULL. */
struct verb_option {
	const char *name;
	bool *flag;         /* set when the option has no value */
	const char **value; /* set when it has one; NULL: it has none */
};

/*
 * Parses the common options and the verb's own. Returns the index of the first operand,
 * or a negative number when the verb should end with STATUS_PASS (-1: help was
 * printed), STATUS_USAGE (-2: the mistake was told) or STATUS_TROUBLE (-3: it could not
 * print).
 */
int options_parse(const struct command *command, int argc, char **argv,
	const struct verb_option *verb_options, struct common_options *out);

/* What main() returns for a negative result of options_parse(). */
int options_status(int parsed);

/* The configuration that the options name, else the first there is of ./reachd.yaml and
 * /etc/reachd/reachd.yaml. NULL after telling. */
const char *options_find_config(const struct common_options *options);

/*
 * Loads the configuration that the options name (else ./reachd.yaml, else
 * /etc/reachd/reachd.yaml); mistakes and warnings go to stderr. --vantage takes the
 * place of its vantage. NULL after telling.
 */
struct config *options_config(
	const struct common_options *options, struct conf_report *report);

/* The path of the store that the options name, or their configuration; takes note of
 * the vantage. free() it. NULL after telling. */
char *options_store_path(struct common_options *options);

/*
 * Opens the store: --store, or the configuration's (loaded for that and for its vantage
 * alone; where --store is given, only one that -c names). STATUS_PASS with *out, or the
 * status to end with, after telling.
 */
int options_open_store(
	struct common_options *options, enum store_mode mode, struct store **out);

/* Where and how to report on stdout. */
void options_report(
	const struct common_options *options, struct report_options *report);

/* Tells an output error on stderr; returns `status`, or STATUS_TROUBLE when rc < 0. */
int command_finish(int rc, int status);

/* Writes out what standard output still holds; likewise tells when that failed, now or
 * before. */
int command_flush(int status);

/* `text` as a terminal may have it (see visible.h), in the emptied buffer. */
const char *command_visible(struct strbuf *buf, const char *text);

#endif
