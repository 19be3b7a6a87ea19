//! Whether private DNS worked on a network.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// Whether private DNS worked on a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateDnsPast {
    /// When it was last in use here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worked_at: Option<Timestamp>,
    /// The host name of the resolver that was in use then, where one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}
