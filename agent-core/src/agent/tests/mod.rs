//! The agent as its callers see it, on a scripted device.

mod support;

mod consent;
mod coverage;
mod deltas;
mod findings;
mod hosts;
mod lifetime;
mod policies;
mod reports;
mod sources;
mod tiers;
mod unenrolled;
mod uploads;
