//! The first hops out of a network, as they were.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The ways out that were found when nothing was suspicious about them, the most recent last. Each is there once, and
/// they are few.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathPast {
    /// The ways.
    #[serde(default)]
    pub ways: Vec<Way>,
}

/// One way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// Where it leads.
    pub destination: IpAddr,
    /// Who is there, nearest first; null for a hop that did not answer. Ends at the destination if it is that near.
    pub hops: Vec<Option<IpAddr>>,
}

impl Way {
    /// Who is at hop `number`, from 1 on.
    pub fn hop(&self, number: usize) -> Option<IpAddr> {
        self.hops.get(number.checked_sub(1)?).copied().flatten()
    }
}
