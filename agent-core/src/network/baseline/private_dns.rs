//! Whether private DNS worked on a network.

use serde::{Deserialize, Serialize};

/// Whether private DNS worked on a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateDnsPast {}
