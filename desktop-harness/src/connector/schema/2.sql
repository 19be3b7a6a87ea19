-- The signed policy of an organisation.

CREATE TABLE policy (
    tenant TEXT PRIMARY KEY REFERENCES tenant,
    version INTEGER NOT NULL,
    token TEXT NOT NULL
) STRICT;
