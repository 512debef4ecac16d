/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of checks: a name that was read is canonical, so it reads as itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probes/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int parse(const char *text, struct arena *arena, struct check *check)
{
	struct conf_report report;
	conf_report_init(&report);
	int rc = check_parse(text, NULL, (struct conf_mark){0}, arena, &report, check);
	if ((rc == 0) != conf_report_ok(&report))
		abort();
	conf_report_fini(&report);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct check first, second;
	arena_init(&arena, 1 << 20);
	char *text = arena_strndup(&arena, (const char *)data, size);
	if (text && parse(text, &arena, &first) == 0) {
		if (parse(first.name, &arena, &second) != 0 ||
			second.ops != first.ops || strcmp(second.name, first.name) != 0)
			abort();
	}
	arena_fini(&arena);
	return 0;
}
