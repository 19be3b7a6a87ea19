//! When a network was open, and since when a portal has held it.

use serde::{Deserialize, Serialize};

/// When a network was open, and since when a portal has held it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalPast {}
