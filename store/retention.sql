-- SPDX-License-Identifier: Apache-2.0
--
-- What is old may go. pruned: scans of the vantage up to this one are gone, but for
-- those with a baseline; rows of scans that something else refers to stay for their
-- times alone. swept: what ended with a scan up to this one has been looked through.
ALTER TABLE vantage ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE vantage ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;

-- By what ended first, and by what a scan or an evidence is still needed for.
CREATE INDEX interval_to ON interval (vantage, to_scan);
CREATE INDEX interval_evidence ON interval (evidence);
CREATE INDEX gap_from ON gap (vantage, from_scan);
CREATE INDEX flow_gap ON flow (vantage, gap_from) WHERE gap_from IS NOT NULL;
CREATE INDEX flow_evidence ON flow (evidence);
CREATE INDEX rtt_of_hour ON rtt_hour (vantage, hour);
