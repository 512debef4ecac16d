/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of round-trip times in a blob of any length and content. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/rtt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One more time in a cell: counted, and between the extremes. */
static void add_and_check(uint8_t *blob, size_t index, uint32_t rtt_us)
{
	struct rtt_cell before = rtt_cell_read(blob, RTT_BLOB_SIZE, index);
	struct rtt_cell after;

	rtt_cell_add(blob, index, rtt_us);
	after = rtt_cell_read(blob, RTT_BLOB_SIZE, index);
	if (after.count != before.count + (before.count < UINT16_MAX))
		abort();
	if (rtt_us < after.min_us || rtt_us > after.max_us)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t blob[RTT_BLOB_SIZE];
	size_t copied = size < sizeof blob ? size : sizeof blob;

	for (size_t i = 0; i < RTT_CHUNK_FLOWS + 2; i++) {
		struct rtt_cell cell = rtt_cell_read(data, size, i);
		if (cell.count && i >= size / RTT_CELL_SIZE)
			abort();
	}
	memset(blob, 0, sizeof blob);
	if (copied)
		memcpy(blob, data, copied);
	for (size_t i = 0; i < RTT_CHUNK_FLOWS; i++)
		add_and_check(blob, i, 1 + (uint32_t)(i * 40000000));
	return 0;
}
