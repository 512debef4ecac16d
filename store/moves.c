/* SPDX-License-Identifier: Apache-2.0 */
/* The recent changes, each with what was before it. */
#include <stddef.h>

#include "store/sql.h"

/*
 * Open intervals and ended ones that began recently, and of each the one before it: the
 * newest that is older. What was never measured (state '') is passed over on both
 * sides.
 */
static const char moves_sql[] =
	"WITH v AS (SELECT id FROM vantage WHERE name = ?1),"
	" late AS ("
	"SELECT host, check_name, from_scan, state, identity"
	" FROM flow INDEXED BY flow_from"
	" WHERE vantage = (SELECT id FROM v) AND from_scan >= ?2"
	" UNION ALL "
	"SELECT host, check_name, from_scan, state, identity"
	" FROM interval INDEXED BY interval_from"
	" WHERE vantage = (SELECT id FROM v) AND from_scan >= ?2)"
	" SELECT host.name, c.text, fs.text, fi.text, ts.text, ti.text,"
	" late.from_scan"
	" FROM late"
	" JOIN interval AS b ON b.vantage = (SELECT id FROM v) AND b.host = late.host"
	" AND b.check_name = late.check_name AND b.from_scan ="
	" (SELECT o.from_scan FROM interval AS o JOIN word AS os ON os.id = o.state"
	" WHERE o.vantage = (SELECT id FROM v) AND o.host = late.host"
	" AND o.check_name = late.check_name AND o.from_scan < late.from_scan"
	" AND os.text <> '' ORDER BY o.from_scan DESC LIMIT 1)"
	" JOIN host ON host.id = late.host"
	" JOIN word AS c ON c.id = late.check_name"
	" JOIN word AS fs ON fs.id = b.state JOIN word AS fi ON fi.id = b.identity"
	" JOIN word AS ts ON ts.id = late.state JOIN word AS ti ON ti.id = late.identity"
	" WHERE b.removed = 0 AND ts.text <> ''"
	" AND (b.state <> late.state OR b.identity <> late.identity)"
	" ORDER BY late.host, late.check_name, late.from_scan";

int store_moves(struct store *store, const char *vantage, int64_t since,
	bool (*each)(void *data, const struct store_move *move), void *data)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(store, moves_sql, &rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, 0, since);
	sql_bind_text(rows, 1, vantage);
	while ((rc = sql_step(store, rows)) > 0) {
		struct store_move move = {
			.host = sql_text(rows, 0),
			.check = sql_text(rows, 1),
			.from_state = sql_text(rows, 2),
			.from_identity = sql_text(rows, 3),
			.to_state = sql_text(rows, 4),
			.to_identity = sql_text(rows, 5),
			.scan = sql_int(rows, 6),
		};
		rc = 0;
		if (!each(data, &move))
			break;
	}
	sql_free(rows);
	return rc;
}
