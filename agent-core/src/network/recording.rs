//! One scan of a network, complete: what was seen, and all that it is judged by. A recording of a field case is a test.

use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::observation::Observations;
use crate::model::{CheckOutcome, Exposure, NetworkSettings, Timestamp};

/// Everything that a judgement depends on. The same recording always gives the same judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// What was seen.
    pub observations: Observations,
    /// What the organisation said.
    pub settings: NetworkSettings,
    /// What this network was like before; absent where it is new, or cannot be told from others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// The moment, by this device's clock.
    pub now: Timestamp,
}

impl Recording {
    /// A recording of a network that was never seen before.
    pub const fn new(observations: Observations, settings: NetworkSettings, now: Timestamp) -> Self {
        Self { observations, settings, baseline: None, now }
    }
}

/// What is said of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// One outcome for each network check, in a fixed order.
    pub outcomes: Vec<CheckOutcome>,
    /// Weaknesses of the network itself, apart from attacks.
    pub exposure: Vec<Exposure>,
    /// What is to be remembered of this network.
    pub baseline: Baseline,
}
