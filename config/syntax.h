/* SPDX-License-Identifier: Apache-2.0 */
/* What the YAML parser complains of, in words for people. */
#ifndef CONFIG_SYNTAX_H
#define CONFIG_SYNTAX_H

#include <stddef.h>

#include "config/report.h"

struct syntax_error {
	const char *problem; /* libyaml's */
	const char *context; /* "while parsing ...", or NULL */
	struct conf_mark at;
	struct conf_mark context_at; /* where the thing begins that was being read */
};

/* Reports the error; `text` is the whole file. */
void syntax_report(const struct syntax_error *error, const char *text, size_t size,
	struct conf_report *report);

#endif
