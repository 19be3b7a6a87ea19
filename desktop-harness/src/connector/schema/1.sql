-- Organisations, the invitations that they give, devices with their enrolments, and reports as they came.

CREATE TABLE server (one INTEGER PRIMARY KEY CHECK (one = 1), url TEXT NOT NULL) STRICT;
CREATE TABLE tenant (name TEXT PRIMARY KEY, settings TEXT NOT NULL) STRICT;
CREATE TABLE invitation (
    token_sha256 TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenant,
    ownership TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE TABLE device (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenant,
    kid TEXT NOT NULL,
    jwk TEXT NOT NULL,
    key_protection TEXT NOT NULL,
    ownership TEXT NOT NULL,
    last_seen INTEGER NOT NULL,
    UNIQUE (tenant, kid)
) STRICT;
CREATE TABLE enrolment (
    number INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL UNIQUE,
    device TEXT NOT NULL REFERENCES device,
    url TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL
) STRICT;
CREATE INDEX enrolment_of_device ON enrolment (device, number);
CREATE TABLE report (
    device TEXT NOT NULL REFERENCES device,
    epoch TEXT NOT NULL REFERENCES enrolment (epoch),
    seq INTEGER NOT NULL,
    jti TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    prev TEXT,
    level TEXT,
    at_least TEXT,
    fault TEXT,
    received_at INTEGER NOT NULL,
    token TEXT NOT NULL,
    UNIQUE (device, jti)
) STRICT;
CREATE INDEX report_place ON report (epoch, seq);
CREATE INDEX report_digest ON report (epoch, sha256);
CREATE INDEX report_fault ON report (device) WHERE fault IS NOT NULL;
