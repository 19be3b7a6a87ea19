//! What signed settings say of the way to the connector.

use serde::{Deserialize, Serialize};

use super::bytes::SpkiPin;
use super::jwk::Jwk;

/// The way to the connector, where it is another than the one that the device enrolled by. Names do not change with it:
/// `iss` and `aud` stay those of the enrolment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransportSettings {
    /// Origins (`https://host` or `https://host:port`) at which the connector answers, tried in this order. Empty: the
    /// one of the enrolment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Keys of which one must be in the connector's certificate chain, a reserve among them. Empty: those of the
    /// enrolment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spki_pins: Vec<SpkiPin>,
    /// The keys that sign receipts, settings, policies and decisions: the one in use first, then those that are announced
    /// to follow it. Empty: the one of the enrolment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connector_keys: Vec<Jwk>,
    /// Whether a chain under one of the settings' `inspection_roots` is taken in the place of a pinned one: where the
    /// organisation inspects the traffic to its own connector too. Receipts and signatures hold all the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pins_relaxed_under_inspection: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}
