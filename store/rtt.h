/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Round-trip times by the hour, in blobs of cells: one row for 252 flows and an hour,
 * which fills one page of 4096 bytes, so that a record rewrites few pages. A cell is 16
 * bytes, little-endian:
 *
 *     0  u32  shortest, microseconds
 *     4  u32  longest
 *     8  u48  sum
 *    14  u16  how many; 0: the cell is empty, and so is one past the blob's end
 *
 * When a cell has counted to 65535, its sum and count stay.
 */
#ifndef STORE_RTT_H
#define STORE_RTT_H

#include <stddef.h>
#include <stdint.h>

#include "store/sql.h"

enum {
	RTT_CELL_SIZE = 16,
	RTT_CHUNK_FLOWS = 252,
	RTT_BLOB_SIZE = RTT_CELL_SIZE * RTT_CHUNK_FLOWS
};

#define RTT_HOUR_US INT64_C(3600000000)

struct rtt_cell {
	uint32_t min_us, max_us;
	uint64_t sum_us;
	uint16_t count;
};

/* Reads the cell at `index` of a blob that may be shorter or of any content. */
struct rtt_cell rtt_cell_read(const void *blob, size_t size, size_t index);

/* Adds a time (not 0) to the cell at `index` < RTT_CHUNK_FLOWS of a whole blob. */
void rtt_cell_add(uint8_t blob[RTT_BLOB_SIZE], size_t index, uint32_t rtt_us);

/*
 * Adds one scan's times to the hour (since 1970) of a vantage: times_us[n] is that of
 * flow number n, 0: none. Inside the caller's transaction. 0 or a negative errno.
 */
int rtt_record(struct store *store, int64_t vantage, int64_t hour,
	const uint32_t *times_us, size_t count);

#endif
