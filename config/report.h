/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mistake of a configuration, collected and then reported at once:
 *
 *     reachd.yaml:4:5: error: unknown key 'port'
 *        4 |     port: 443
 *          |     ^
 *     reachd.yaml:4:5: help: did you mean 'ports'?
 *
 * Text from files is shown so that a terminal obeys none of it.
 */
#ifndef CONFIG_REPORT_H
#define CONFIG_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A place in a source file. line and column start at 1; 0 means the file as a whole. */
struct conf_mark {
	uint32_t file; /* index that conf_report_add_file() returned */
	uint32_t line;
	uint32_t column;
};

enum conf_severity {
	CONF_ERROR,
	CONF_WARNING
};

struct conf_message;
struct conf_source;

struct conf_report {
	struct conf_message *messages;
	size_t count;
	uint32_t capacity;
	struct conf_source *sources;
	size_t n_sources;
	size_t errors;  /* messages of severity CONF_ERROR, dropped ones included */
	size_t dropped; /* messages past CONF_REPORT_MAX, counted but not kept */
	size_t last;    /* the message that conf_help() adds to, or SIZE_MAX */
	bool failed;    /* memory ran out while reporting: counts as an error */
};

#define CONF_REPORT_MAX 100

void conf_report_init(struct conf_report *report);

/*
 * Names a source; `text` (may be NULL) is copied for the excerpts, up to 16 MiB of
 * it. Returns its index for conf_mark.file. Use "<built-in rds>" and the like for text
 * that is not a file.
 */
uint32_t conf_report_add_file(
	struct conf_report *report, const char *name, const char *text, size_t size);

/*
 * Adds a message: one line, no final full stop, saying what is wrong and what is right.
 * The same text at the same place counts once. Warnings take at most half of the room.
 */
void conf_error(struct conf_report *report, struct conf_mark at, const char *format,
	...) __attribute__((format(printf, 3, 4)));
void conf_warning(struct conf_report *report, struct conf_mark at, const char *format,
	...) __attribute__((format(printf, 3, 4)));

/* Adds "help: ..." to the message added last; nothing when that one was not kept. */
void conf_help(struct conf_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* True when nothing of severity error was reported. */
bool conf_report_ok(const struct conf_report *report);

/* The result of two steps: -ENOMEM, else the last mistake, else 0. A mistake of one
 * step must not hide those of the next: only memory ends a load. */
int conf_worse(int rc, int next);

/* The name that conf_report_add_file() was given. */
const char *conf_report_file(const struct conf_report *report, uint32_t file);

/* Writes all messages ordered by file, line and column, then a count of what was
 * dropped. */
void conf_report_print(const struct conf_report *report, FILE *out);

void conf_report_fini(struct conf_report *report);

#endif
