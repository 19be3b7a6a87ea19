//! When a network was open, and since when a portal has held it.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// When a network was open, and since when a portal has held it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalPast {
    /// When a connectivity check last came through and nothing spoke of a portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_at: Option<Timestamp>,
    /// When a portal was first seen after that; absent while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal_since: Option<Timestamp>,
}
