//! What a network's captive portal API says (RFC 8908).

use serde::{Deserialize, Serialize};

use super::{Attempt, Handshake};

/// The question to the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalApiProbe {
    /// The URL, as the network told it.
    pub url: String,
    /// What happened, first attempt first. Only the last can be an answer.
    pub attempts: Vec<Attempt<PortalApiAnswer>>,
}

/// The object of RFC 8908, section 5, as far as it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalApiAnswer {
    /// Whether the network holds this device captive.
    pub captive: bool,
    /// Where a person signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_portal_url: Option<String>,
    /// The handshake before it. RFC 8908 believes only a valid certificate (section 4.1).
    pub handshake: Handshake,
}
