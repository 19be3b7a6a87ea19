//! The first hops out of a network, as they were.

use serde::{Deserialize, Serialize};

/// The first hops out of a network, as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathPast {}
