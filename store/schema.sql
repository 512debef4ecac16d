-- SPDX-License-Identifier: Apache-2.0
--
-- Version 1 of the store. A change of this file is a new step in migrate.c instead:
-- files of version 1 are out there.
--
-- A flow's row holds its open interval; a closed interval moves to `interval`. So the
-- present is one sequential read however long the past is, and an unchanged flow costs
-- a scan nothing. The same holds for gaps: scans that could not measure the flow.

PRAGMA application_id = 0x72656163;

-- Every text that is often repeated, once: states, reasons, checks, evidence ...
CREATE TABLE word (
	id INTEGER PRIMARY KEY,
	text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE vantage (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

-- As the newest scan of the vantage had it. group_names and addresses: JSON arrays.
CREATE TABLE host (
	id INTEGER PRIMARY KEY,
	vantage INTEGER NOT NULL REFERENCES vantage,
	name TEXT NOT NULL,
	group_names INTEGER NOT NULL REFERENCES word,
	addresses TEXT NOT NULL,
	UNIQUE (vantage, name)
) STRICT;

-- AUTOINCREMENT: people quote these numbers, so none is ever used twice.
CREATE TABLE scan (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	vantage INTEGER NOT NULL REFERENCES vantage,
	status TEXT NOT NULL CHECK (status IN ('running', 'complete', 'interrupted')),
	started_us INTEGER NOT NULL,
	finished_us INTEGER NOT NULL DEFAULT 0,
	duration_us INTEGER NOT NULL DEFAULT 0,
	flows INTEGER NOT NULL DEFAULT 0,
	pass INTEGER NOT NULL DEFAULT 0,
	fail INTEGER NOT NULL DEFAULT 0,
	inconclusive INTEGER NOT NULL DEFAULT 0,
	changes INTEGER NOT NULL DEFAULT 0,
	degraded INTEGER NOT NULL DEFAULT 0,
	scope INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX scan_of_vantage ON scan (vantage, id) WHERE status = 'complete';
CREATE INDEX scan_running ON scan (id) WHERE status = 'running';

-- from_scan is null while the flow is not in the inventory; a state of '' means that it
-- is and never could be measured. gap_from is null while it is measured. number: the
-- flow's place in the round-trip chunks.
CREATE TABLE flow (
	vantage INTEGER NOT NULL REFERENCES vantage,
	host INTEGER NOT NULL REFERENCES host,
	check_name INTEGER NOT NULL REFERENCES word,
	number INTEGER NOT NULL,
	expect INTEGER NOT NULL REFERENCES word,
	verdict INTEGER NOT NULL REFERENCES word,
	rules INTEGER NOT NULL REFERENCES word,
	from_scan INTEGER REFERENCES scan,
	state INTEGER NOT NULL REFERENCES word,
	reason INTEGER NOT NULL REFERENCES word,
	phase INTEGER NOT NULL REFERENCES word,
	identity INTEGER NOT NULL REFERENCES word,
	evidence INTEGER NOT NULL REFERENCES word,
	gap_from INTEGER REFERENCES scan,
	gap_reason INTEGER REFERENCES word,
	PRIMARY KEY (vantage, host, check_name)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_from ON flow (vantage, from_scan);

-- removed: it ended because the flow left the inventory.
CREATE TABLE interval (
	vantage INTEGER NOT NULL,
	host INTEGER NOT NULL,
	check_name INTEGER NOT NULL,
	from_scan INTEGER NOT NULL REFERENCES scan,
	to_scan INTEGER NOT NULL REFERENCES scan,
	removed INTEGER NOT NULL,
	state INTEGER NOT NULL REFERENCES word,
	reason INTEGER NOT NULL REFERENCES word,
	phase INTEGER NOT NULL REFERENCES word,
	identity INTEGER NOT NULL REFERENCES word,
	evidence INTEGER NOT NULL REFERENCES word,
	PRIMARY KEY (vantage, host, check_name, from_scan),
	FOREIGN KEY (vantage, host, check_name) REFERENCES flow,
	CHECK (from_scan <= to_scan)
) STRICT, WITHOUT ROWID;
CREATE INDEX interval_from ON interval (vantage, from_scan);
CREATE INDEX interval_removed ON interval (vantage, to_scan) WHERE removed = 1;

CREATE TABLE gap (
	vantage INTEGER NOT NULL,
	host INTEGER NOT NULL,
	check_name INTEGER NOT NULL,
	from_scan INTEGER NOT NULL REFERENCES scan,
	to_scan INTEGER NOT NULL REFERENCES scan,
	reason INTEGER NOT NULL REFERENCES word,
	PRIMARY KEY (vantage, host, check_name, from_scan),
	FOREIGN KEY (vantage, host, check_name) REFERENCES flow,
	CHECK (from_scan <= to_scan)
) STRICT, WITHOUT ROWID;
CREATE INDEX gap_to ON gap (vantage, to_scan);

-- Round-trip times of the flows numbered chunk * 252 to chunk * 252 + 251 in one hour
-- (since 1970, UTC). The layout of cells is in rtt.h.
CREATE TABLE rtt_hour (
	id INTEGER PRIMARY KEY,
	vantage INTEGER NOT NULL REFERENCES vantage,
	chunk INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	cells BLOB NOT NULL,
	UNIQUE (vantage, chunk, hour)
) STRICT;

CREATE TABLE baseline (
	name TEXT PRIMARY KEY,
	scan INTEGER NOT NULL REFERENCES scan,
	saved_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
