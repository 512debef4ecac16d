-- SPDX-License-Identifier: Apache-2.0
--
-- What people are to be told: notices, and how far each receiver (sink) has read them.
-- AUTOINCREMENT: a cursor must never meet a number for the second time. uid: by it a
-- receiver knows a notice that it is told twice.
CREATE TABLE notice (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	vantage INTEGER NOT NULL REFERENCES vantage,
	uid TEXT NOT NULL,
	scan INTEGER NOT NULL,
	put_us INTEGER NOT NULL,
	body TEXT NOT NULL
) STRICT;
CREATE INDEX notice_of_vantage ON notice (vantage, id);

-- scan: the last one whose configuration named the sink. cursor: the last notice that
-- the sink is done with. attempts and error: of the one after it. untold: of the
-- dropped, those that the sink has not been told of.
CREATE TABLE sink (
	vantage INTEGER NOT NULL REFERENCES vantage,
	name TEXT NOT NULL,
	scan INTEGER NOT NULL,
	cursor INTEGER NOT NULL,
	told INTEGER NOT NULL DEFAULT 0,
	refused INTEGER NOT NULL DEFAULT 0,
	dropped INTEGER NOT NULL DEFAULT 0,
	untold INTEGER NOT NULL DEFAULT 0,
	attempts INTEGER NOT NULL DEFAULT 0,
	error TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (vantage, name)
) STRICT, WITHOUT ROWID;
