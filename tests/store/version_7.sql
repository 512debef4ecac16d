-- SPDX-License-Identifier: Apache-2.0
-- What the last program of version 7 stored: tests/store/test_migrate.c says of what.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE word (
	id INTEGER PRIMARY KEY,
	text TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO word VALUES(1,'["all","ungrouped"]');
INSERT INTO word VALUES(2,'tcp/47301');
INSERT INTO word VALUES(3,'open');
INSERT INTO word VALUES(4,'pass');
INSERT INTO word VALUES(5,'["steady"]');
INSERT INTO word VALUES(6,'syn-ack');
INSERT INTO word VALUES(7,'');
INSERT INTO word VALUES(8,'connect');
INSERT INTO word VALUES(9,'tcp/47302');
INSERT INTO word VALUES(10,'["breaks"]');
INSERT INTO word VALUES(11,'tcp/47303');
INSERT INTO word VALUES(12,'fail');
INSERT INTO word VALUES(13,'["never"]');
INSERT INTO word VALUES(14,'rst');
INSERT INTO word VALUES(15,'closed');
INSERT INTO word VALUES(16,'tcp/47304');
INSERT INTO word VALUES(17,'["heals"]');
INSERT INTO word VALUES(18,'tcp/47305');
INSERT INTO word VALUES(19,'["gone"]');
INSERT INTO word VALUES(20,'tcp/47306');
INSERT INTO word VALUES(21,'["back"]');
INSERT INTO word VALUES(22,'["named"]');
INSERT INTO word VALUES(23,'{"trace":{"address":"127.0.0.1","port":47304,"paths":3,"hops":[],"last":null,"reached":{"ttl":1,"by":"rst","rtt_us":109},"stopped":null,"silent":0,"sentence":"the reset comes from the host''s own distance, hop 1: whether the host makes it or a firewall right before it can''t be decided","distance":1}}');
INSERT INTO word VALUES(24,'{"trace":{"address":"127.0.0.1","port":47302,"paths":3,"hops":[],"last":null,"reached":{"ttl":1,"by":"rst","rtt_us":108},"stopped":null,"silent":0,"sentence":"the reset comes from the host''s own distance, hop 1: whether the host makes it or a firewall right before it can''t be decided","distance":1}}');
INSERT INTO word VALUES(25,'withheld');
INSERT INTO word VALUES(26,'inconclusive');
CREATE TABLE vantage (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
, pruned INTEGER NOT NULL DEFAULT 0, swept INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO vantage VALUES(1,'paris',0,0);
CREATE TABLE host (
	id INTEGER PRIMARY KEY,
	vantage INTEGER NOT NULL REFERENCES vantage,
	name TEXT NOT NULL,
	group_names INTEGER NOT NULL REFERENCES word,
	addresses TEXT NOT NULL,
	UNIQUE (vantage, name)
) STRICT;
INSERT INTO host VALUES(1,1,'local',1,'["127.0.0.1"]');
INSERT INTO host VALUES(2,1,'named',1,'[]');
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
, degraded_why TEXT NOT NULL DEFAULT '', carried INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO scan VALUES(1,1,'complete',1795560626746197,1795560626753570,3382,7,5,2,0,0,0,1116422471476201662,'',0);
INSERT INTO scan VALUES(2,1,'complete',1795560626799435,1795560626811573,3922,7,4,3,0,1,0,1116422471476201662,'',0);
INSERT INTO scan VALUES(3,1,'complete',1795560626849899,1795560626859060,1655,5,3,2,0,2,0,-5118213633027062938,'',0);
INSERT INTO scan VALUES(4,1,'complete',1795560626885839,1795560629898924,3009230,6,2,3,1,0,1,7778316142185248706,'no-lookup',0);
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
INSERT INTO flow VALUES(1,1,2,0,3,4,5,1,3,6,8,7,7,NULL,NULL);
INSERT INTO flow VALUES(1,1,9,1,3,12,10,3,15,14,8,7,24,NULL,NULL);
INSERT INTO flow VALUES(1,1,11,2,3,12,13,1,15,14,8,7,7,NULL,NULL);
INSERT INTO flow VALUES(1,1,16,3,3,4,17,3,3,6,8,7,7,NULL,NULL);
INSERT INTO flow VALUES(1,1,18,4,3,4,19,NULL,3,6,8,7,7,NULL,NULL);
INSERT INTO flow VALUES(1,1,20,5,3,12,21,4,7,25,8,7,7,4,25);
INSERT INTO flow VALUES(1,2,2,6,3,26,22,1,3,6,8,7,7,4,25);
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
INSERT INTO interval VALUES(1,1,9,1,2,0,3,6,8,7,7);
INSERT INTO interval VALUES(1,1,16,1,1,0,3,6,8,7,7);
INSERT INTO interval VALUES(1,1,16,2,2,0,15,14,8,7,23);
INSERT INTO interval VALUES(1,1,18,1,2,1,3,6,8,7,7);
INSERT INTO interval VALUES(1,1,20,1,2,1,15,14,8,7,7);
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
CREATE TABLE rtt_hour (
	id INTEGER PRIMARY KEY,
	vantage INTEGER NOT NULL REFERENCES vantage,
	chunk INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	cells BLOB NOT NULL,
	UNIQUE (vantage, chunk, hour)
) STRICT;
INSERT INTO rtt_hour VALUES(1,1,0,498766,X'8e000000d5000000a0020000000004005f0000009d000000e201000000000400580000008d000000b6010000000004004c0000007f0000008b010000000004005f00000070000000cf000000000002005700000061000000b800000000000200140000001b0000004400000000000300');
CREATE TABLE baseline (
	name TEXT PRIMARY KEY,
	scan INTEGER NOT NULL REFERENCES scan,
	saved_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO baseline VALUES('before',1,1795560629974779);
CREATE TABLE notice (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	vantage INTEGER NOT NULL REFERENCES vantage,
	uid TEXT NOT NULL,
	scan INTEGER NOT NULL,
	put_us INTEGER NOT NULL,
	body TEXT NOT NULL
) STRICT;
INSERT INTO notice VALUES(1,1,'0f4df9a33ead9850f23cec3e15d14c64',2,1795560626811573,'{"type":"incident","scan":2,"id":1,"summary":"tcp/47304 from paris to local: open → closed","changes":1,"kind":"regression","scope":{"kind":"flow","check":"tcp/47304","host":"local","from":"open","to":"closed","checks":["tcp/47304"],"hosts":["local"],"n_hosts":1,"of_hosts":1,"unchanged":[],"n_unchanged":0,"contrast":{"check":"tcp/47301","state":"open","hosts":1}},"trace":"the reset comes from the host''s own distance, hop 1: whether the host makes it or a firewall right before it can''t be decided","vantage":"paris","time":"2026-11-24T22:50:26.811Z","rules":["heals"],"groups":["ungrouped"]}');
INSERT INTO notice VALUES(2,1,'ccd37dc20c2b55c36837586268220aa7',3,1795560626859060,'{"type":"incident","scan":3,"id":1,"summary":"tcp/47302 from paris to local: open → closed","changes":1,"kind":"regression","scope":{"kind":"flow","check":"tcp/47302","host":"local","from":"open","to":"closed","checks":["tcp/47302"],"hosts":["local"],"n_hosts":1,"of_hosts":1,"unchanged":[],"n_unchanged":0,"contrast":{"check":"tcp/47301","state":"open","hosts":1}},"trace":"the reset comes from the host''s own distance, hop 1: whether the host makes it or a firewall right before it can''t be decided","vantage":"paris","time":"2026-11-24T22:50:26.859Z","rules":["breaks"],"groups":["ungrouped"]}');
INSERT INTO notice VALUES(3,1,'066b80ed9142f0d25e5deca465ad1862',3,1795560626859060,'{"type":"incident","scan":3,"id":2,"summary":"tcp/47304 from paris to local: closed → open","changes":1,"kind":"recovery","scope":{"kind":"flow","check":"tcp/47304","host":"local","from":"closed","to":"open","checks":["tcp/47304"],"hosts":["local"],"n_hosts":1,"of_hosts":1,"unchanged":[],"n_unchanged":0,"contrast":{"check":"tcp/47303","state":"closed","hosts":1}},"vantage":"paris","time":"2026-11-24T22:50:26.859Z","rules":["heals"],"groups":["ungrouped"]}');
INSERT INTO notice VALUES(4,1,'10d604452d700a4c066b6ed24c972bce',4,1795560629898924,'{"type":"incident","scan":4,"id":1,"summary":"this vantage (paris) is impaired: not one name look-up of this machine was answered","changes":0,"kind":"other","scope":{"kind":"vantage","from":null,"to":null,"checks":[],"hosts":[],"n_hosts":0,"of_hosts":0,"unchanged":[],"n_unchanged":0},"vantage":"paris","time":"2026-11-24T22:50:29.898Z"}');
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
	error TEXT NOT NULL DEFAULT '', refusals INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (vantage, name)
) STRICT, WITHOUT ROWID;
INSERT INTO sink VALUES(1,'hook',4,0,0,0,0,0,0,'',0);
CREATE TABLE silence ( id INTEGER PRIMARY KEY AUTOINCREMENT, vantage TEXT NOT NULL, host TEXT NOT NULL, group_name TEXT NOT NULL, rule TEXT NOT NULL, check_name TEXT NOT NULL, from_us INTEGER NOT NULL, until_us INTEGER NOT NULL, ended_us INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL, after_scan INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO silence VALUES(1,'','','','','tcp/47302',1795560629932526,1795564229932526,0,'known',4);
CREATE TABLE idle ( vantage INTEGER NOT NULL REFERENCES vantage, rules INTEGER NOT NULL REFERENCES word, scan INTEGER NOT NULL, started_us INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (vantage, rules)) STRICT, WITHOUT ROWID;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('scan',4);
INSERT INTO sqlite_sequence VALUES('notice',4);
INSERT INTO sqlite_sequence VALUES('silence',1);
CREATE INDEX scan_of_vantage ON scan (vantage, id) WHERE status = 'complete';
CREATE INDEX scan_running ON scan (id) WHERE status = 'running';
CREATE INDEX flow_from ON flow (vantage, from_scan);
CREATE INDEX interval_from ON interval (vantage, from_scan);
CREATE INDEX interval_removed ON interval (vantage, to_scan) WHERE removed = 1;
CREATE INDEX gap_to ON gap (vantage, to_scan);
CREATE INDEX notice_of_vantage ON notice (vantage, id);
CREATE INDEX interval_to ON interval (vantage, to_scan);
CREATE INDEX interval_evidence ON interval (evidence);
CREATE INDEX gap_from ON gap (vantage, from_scan);
CREATE INDEX flow_gap ON flow (vantage, gap_from) WHERE gap_from IS NOT NULL;
CREATE INDEX flow_evidence ON flow (evidence);
CREATE INDEX rtt_of_hour ON rtt_hour (vantage, hour);
COMMIT;
PRAGMA user_version = 7;
PRAGMA application_id = 0x72656163;
PRAGMA journal_mode = WAL;
