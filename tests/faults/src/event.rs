//! What a victim tells its parent: one line of JSON an event, each written at once, so that what was told before a kill
//! is there after it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A step of the agent's life, as far as it can be told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Opening keys and store.
    Open,
    /// From the call of `enroll` to its return.
    Enrol,
    /// Collecting and judging, from the call of `scan` to the first signature.
    Scan,
    /// Signing and storing: from the first signature of a scan to its return.
    Enqueue,
    /// Sending reports, from the call of `deliver` to the first request of another kind.
    Deliver,
    /// Fetching settings, policy and decision, to the return of `deliver`.
    Download,
    /// Between two calls.
    Rest,
}

impl Phase {
    /// Those in which something can break.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Enrol, Self::Scan, Self::Enqueue, Self::Deliver, Self::Download];
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Open => "open",
            Self::Enrol => "enrol",
            Self::Scan => "scan",
            Self::Enqueue => "enqueue",
            Self::Deliver => "deliver",
            Self::Download => "download",
            Self::Rest => "rest",
        })
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A step began.
    Phase { phase: Phase },
    /// The device is enrolled under this name.
    Enrolled { device: String },
    /// `scan` returned with these numbers: from now on none of them may be lost.
    Acknowledged { device: String, numbers: Vec<u64> },
    /// What the scan found, by detection: all that is open.
    Found { detections: Vec<String> },
    /// The bytes of a report that waits.
    Queued { device: String, number: u64, sha256: String },
    /// `deliver` returned with receipts for these.
    Delivered { device: String, numbers: Vec<u64> },
    /// `deliver` set a report aside.
    SetAside { device: String, number: u64, why: String },
    /// `deliver` left reports for later.
    Stopped { why: String, waiting: usize },
    /// A call failed.
    Failed { step: Phase, why: String },
}
