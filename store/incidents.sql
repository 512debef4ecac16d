-- SPDX-License-Identifier: Apache-2.0
--
-- Version 8: what people were told of each flow, and incidents with a life.
--
-- Nothing here refers to a row of scan: an incident may outlive the scans it names.

-- flows: when it was opened. remaining: flows whose reported_incident it is. body: JSON,
-- not for the store to know. closed_scan is null while it is open.
CREATE TABLE incident (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	vantage INTEGER NOT NULL REFERENCES vantage,
	uid TEXT NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	summary TEXT NOT NULL,
	body TEXT NOT NULL,
	flows INTEGER NOT NULL,
	remaining INTEGER NOT NULL,
	opened_scan INTEGER NOT NULL,
	opened_us INTEGER NOT NULL,
	changed_scan INTEGER NOT NULL,
	closed_scan INTEGER,
	closed_us INTEGER
) STRICT;
CREATE INDEX incident_open ON incident (vantage, id) WHERE closed_scan IS NULL;
CREATE INDEX incident_closed ON incident (vantage, closed_scan)
	WHERE closed_scan IS NOT NULL;

-- All reported_* but the incident are null, or none is. question: a hash of what was
-- asked last. proved: the state was proof of a block by its own control.
ALTER TABLE flow ADD COLUMN reported_state INTEGER REFERENCES word;
ALTER TABLE flow ADD COLUMN reported_reason INTEGER REFERENCES word;
ALTER TABLE flow ADD COLUMN reported_identity INTEGER REFERENCES word;
ALTER TABLE flow ADD COLUMN reported_verdict INTEGER REFERENCES word;
ALTER TABLE flow ADD COLUMN reported_incident INTEGER REFERENCES incident;
ALTER TABLE flow ADD COLUMN question INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN proved INTEGER NOT NULL DEFAULT 0;
CREATE INDEX flow_incident ON flow (vantage, reported_incident)
	WHERE reported_incident IS NOT NULL;

-- The scan that measured the flow last before its gap; null: none did.
ALTER TABLE flow ADD COLUMN gap_after INTEGER;
ALTER TABLE gap ADD COLUMN after_scan INTEGER;
UPDATE flow SET gap_after = (SELECT max(id) FROM scan WHERE status = 'complete'
		AND scan.vantage = flow.vantage AND scan.id < flow.gap_from)
	WHERE gap_from IS NOT NULL
	AND state IS NOT (SELECT id FROM word WHERE text = '');
UPDATE gap SET after_scan = (SELECT max(id) FROM scan WHERE status = 'complete'
		AND scan.vantage = gap.vantage AND scan.id < gap.from_scan);

-- What changed since it entered the inventory was told, and so was all that is as it
-- should be. What was broken from the first day never was: it becomes news once.
UPDATE flow SET reported_state = state, reported_reason = reason,
	reported_identity = identity, reported_verdict = verdict
	WHERE from_scan IS NOT NULL
	AND state IS NOT (SELECT id FROM word WHERE text = '')
	AND (verdict = (SELECT id FROM word WHERE text = 'pass')
		OR EXISTS (SELECT 1 FROM interval AS i WHERE i.vantage = flow.vantage
			AND i.host = flow.host AND i.check_name = flow.check_name
			AND i.state IS NOT (SELECT id FROM word WHERE text = '')
			AND i.from_scan > coalesce((SELECT max(r.from_scan)
				FROM interval AS r WHERE r.vantage = flow.vantage
				AND r.host = flow.host
				AND r.check_name = flow.check_name
				AND r.removed = 1), 0)));

-- How many flows this machine could not measure, of those that were asked.
ALTER TABLE scan ADD COLUMN unmeasured INTEGER NOT NULL DEFAULT 0;
