/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a configuration file, checked before anything reads them as YAML. */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/report.h"

/*
 * Reads a regular file of at most CONF_MAX_FILE bytes. 0 with *text (malloc, the
 * caller's) and *size; -EINVAL after reporting at line 0 of a source named `path`, also
 * for folders, pipes and devices; -ENOMEM. Blocks on the disk.
 */
int source_read(
	const char *path, struct conf_report *report, char **text, size_t *size);

/*
 * True when the text is UTF-8 without a byte order mark, of characters that YAML
 * allows, at most CONF_MAX_FILE bytes. Else reports the first that is not.
 */
bool source_check(
	const char *text, size_t size, uint32_t file, struct conf_report *report);

#endif
