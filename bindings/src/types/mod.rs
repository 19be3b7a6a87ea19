//! What passes between an app and the agent.
//!
//! Words that mean the same on both sides are the core's own types (`words.rs`, `catalogue.rs`). What a host tells is made
//! into the core's types by `adapter.rs`, which looks at every value; what the agent tells is copied as it is.

mod catalogue;
mod delivery;
mod device;
mod events;
mod explanation;
mod fact;
mod key;
mod network;
mod plan;
mod result;
mod scan;
mod upload;
mod words;

pub use catalogue::*;
pub use delivery::*;
pub use device::*;
pub use events::*;
pub use explanation::*;
pub use fact::*;
pub use key::*;
pub use network::*;
pub use plan::*;
pub use result::*;
pub(crate) use scan::count;
pub use scan::*;
pub use upload::*;
pub use words::*;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_core::model::Timestamp;

pub use crate::inventory::{AppRecord, Inventory, InventoryNote};

/// The first and the last second that every language has a moment for: those of the years 1 and 9999 (Python `datetime`).
const MOMENTS: (i64, i64) = (-62_135_596_800, 253_402_300_799);

/// A moment in the language's own type; the nearest that it has.
pub(crate) fn system_time(at: Timestamp) -> SystemTime {
    let seconds = at.unix().clamp(MOMENTS.0, MOMENTS.1);
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moment =
        if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    moment.unwrap_or(UNIX_EPOCH)
}

/// A moment as the agent counts it.
pub(crate) fn timestamp(at: SystemTime) -> Timestamp {
    let seconds = match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, i64::wrapping_neg),
    };
    Timestamp::from_unix(seconds)
}
