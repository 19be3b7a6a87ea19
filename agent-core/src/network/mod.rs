//! The checks of the network in use: is somebody in the path of this device's traffic?
//!
//! Three steps, each in its own place, so that a verdict can be replayed and doubted:
//!
//! ```text
//!  measure/ (I/O, never judges) ──► observation.rs (what was seen) ──► analyze/ (pure, judges)
//! ```
//!
//! A check is added by giving it a probe record in [`observation`], a file in `measure/` that fills it and a
//! file in `analyze/` that reads it. Nothing is sent to a host that the organisation's settings do not name,
//! but for the network's own DNS servers and portal API, and a handshake to where those servers lead a canary's name.

pub mod baseline;
pub mod dns_record;
pub mod observation;
pub mod tier;

mod analyze;
mod dns;
mod exit;
pub(crate) mod issuers;
mod limits;
mod measure;
mod recording;
mod response;
#[cfg(test)]
mod testing;
mod transparency;
mod words;

pub use analyze::judge;
pub use exit::exit;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use measure::fuzzing;
pub use measure::{measure, measure_in_tiers};
pub use recording::{Judged, Recording};
