//! JSON Schemas (draft 2020-12) of the claims: for tests here, for connectors, for whoever reads a token.
//!
//! They are closed (`additionalProperties: false`) wherever the type is ours: they say what this version
//! writes. A reader that wants to understand newer agents ignores members that it does not know.

/// The claims of every report. Refers to the other two by their `$id`.
pub const SECURITY_EVENT: &str = include_str!("../../schema/security-event.schema.json");

/// The CAEP event `risk-level-change`, as this agent fills it.
pub const RISK_LEVEL_CHANGE: &str = include_str!("../../schema/risk-level-change.schema.json");

/// The event `device-report`.
pub const DEVICE_REPORT: &str = include_str!("../../schema/device-report.schema.json");
