/* SPDX-License-Identifier: Apache-2.0 */
#include "config/path.h"

#include <string.h>

const char *conf_path(struct arena *arena, const char *from, const char *given)
{
	const char *slash = from ? strrchr(from, '/') : NULL;

	if (!slash || given[0] == '/')
		return arena_strdup(arena, given);
	return arena_printf(arena, "%.*s%s", (int)(slash - from + 1), from, given);
}
