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
//! but for the network's own DNS servers, and a handshake to where they lead a canary's name.

pub mod dns_record;
pub mod observation;

mod analyze;
mod candidates;
mod dns;
mod limits;
mod measure;
mod response;
#[cfg(test)]
mod testing;
mod words;

pub use analyze::judge;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use measure::fuzzing;
pub use measure::measure;
