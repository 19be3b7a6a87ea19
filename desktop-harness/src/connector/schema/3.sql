-- Reports that were too large: which numbers never come, and in whose order their parts count.

CREATE TABLE replaced (
    epoch TEXT NOT NULL REFERENCES enrolment (epoch),
    seq INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (epoch, seq, sha256)
) STRICT;
ALTER TABLE report ADD COLUMN stands_for INTEGER;
CREATE INDEX report_order ON report (epoch, ifnull(stands_for, seq));

-- Keys of devices, revocation, and one-time tokens that are bound to the key which used them.

CREATE TABLE device_key (
    number INTEGER PRIMARY KEY,
    device TEXT NOT NULL REFERENCES device,
    epoch TEXT NOT NULL REFERENCES enrolment (epoch),
    kid TEXT NOT NULL,
    jwk TEXT NOT NULL,
    key_protection TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    used_at INTEGER,
    first_seq INTEGER,
    UNIQUE (device, kid)
) STRICT;
INSERT INTO device_key (device, epoch, kid, jwk, key_protection, added_at, used_at)
    SELECT device.id, epoch, kid, jwk, key_protection, enrolled_at, enrolled_at
    FROM device JOIN enrolment ON enrolment.device = device.id
    WHERE number = (SELECT max(number) FROM enrolment WHERE device = device.id) ORDER BY number;
ALTER TABLE device ADD COLUMN revoked_at INTEGER;
ALTER TABLE invitation ADD COLUMN kid TEXT;
ALTER TABLE invitation ADD COLUMN epoch TEXT REFERENCES enrolment (epoch);

-- The connector's own signing keys, and in which settings each was announced.

CREATE TABLE signing_key (
    number INTEGER PRIMARY KEY,
    file TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('next', 'current', 'previous')),
    since INTEGER NOT NULL
) STRICT;
CREATE TABLE announcement (
    key INTEGER NOT NULL REFERENCES signing_key ON DELETE CASCADE,
    tenant TEXT NOT NULL REFERENCES tenant,
    version INTEGER NOT NULL,
    PRIMARY KEY (key, tenant)
) STRICT;
ALTER TABLE device ADD COLUMN settings_version INTEGER NOT NULL DEFAULT 0;

-- The intelligence bundle that devices fetch.

CREATE TABLE intel (
    tenant TEXT PRIMARY KEY REFERENCES tenant,
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    file TEXT NOT NULL
) STRICT;

-- What attestations are judged by, and what a device's key was attested as.

CREATE TABLE attestation_file (
    tenant TEXT NOT NULL REFERENCES tenant,
    kind TEXT NOT NULL,
    content BLOB NOT NULL,
    installed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind)
) STRICT;
ALTER TABLE device ADD COLUMN attestation TEXT;

-- The digest of the token with the other form of its signature; a report that an earlier version stored has none.

ALTER TABLE report ADD COLUMN twin TEXT;
CREATE INDEX report_twin ON report (epoch, twin);
CREATE INDEX report_prev ON report (epoch, prev);
