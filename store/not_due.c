/* SPDX-License-Identifier: Apache-2.0 */
#include "store/not_due.h"

#include "base/array.h"

/* The scans until the previous one asked them last. */
int not_due_keep(struct store *store, int64_t vantage, int64_t previous, int64_t scan,
	int64_t rules)
{
	return SQL_DO(store,
		"INSERT INTO idle (vantage, rules, scan, started_us, at)"
		" SELECT ?1, ?2, id, started_us, ?4 FROM scan WHERE id = ?3"
		" ON CONFLICT (vantage, rules) DO UPDATE SET at = excluded.at",
		num(vantage), num(rules), num(previous), num(scan));
}

int not_due_drop(struct store *store, int64_t vantage, int64_t scan)
{
	return SQL_DO(store, "DELETE FROM idle WHERE vantage = ? AND at <> ?",
		num(vantage), num(scan));
}

int not_due_load(
	struct store *store, int64_t vantage, int64_t scan, struct not_due_list *list)
{
	struct sql_rows rows = SQL_ROWS(store,
		"SELECT rules, scan, started_us FROM idle WHERE vantage = ? AND at = ?",
		num(vantage), num(scan));

	*list = (struct not_due_list){0};
	while (sql_next(&rows)) {
		struct not_due *grown = array_grow(
			list->items, &list->capacity, list->count, sizeof *grown);
		if (!grown) {
			rows.rc = store_no_memory(store);
			break;
		}
		list->items = grown;
		grown[list->count++] = (struct not_due){
			.rules = sql_int(rows.row, 0),
			.scan = sql_int(rows.row, 1),
			.started_us = sql_int(rows.row, 2),
		};
	}
	return sql_close(&rows);
}

const struct not_due *not_due_find(struct not_due_list *list, int64_t rules)
{
	for (uint32_t i = 0; i < list->count; i++) {
		uint32_t at = (list->at + i) % list->count;
		if (list->items[at].rules == rules) {
			list->at = at;
			return &list->items[at];
		}
	}
	return NULL;
}
