//! Gateways, servers and access points of a network, as they were.

use serde::{Deserialize, Serialize};

/// Gateways, servers and access points of a network, as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkPast {}
