/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever may stand in a zone's file: an offset is always that of a place on Earth. */
#include <stdlib.h>

#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = {INT64_C(-100000000000), -1, 0, 1, 1000, 2000,
		INT64_C(1774746000), INT64_C(1792890000), INT64_C(100000000000)};
	struct arena arena;
	struct zone *zone;

	arena_init(&arena, 0);
	if (zone_parse(data, size, &arena, &zone) == 0) {
		for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
			int32_t offset = zone_offset_s(zone, times[i]);
			if (offset < -26 * 3600 || offset > 26 * 3600)
				abort();
		}
	}
	arena_fini(&arena);
	return 0;
}
