//! The agent as its callers see it, on a scripted device.

mod support;

mod apps;
mod consent;
mod coverage;
mod deltas;
mod findings;
mod hosts;
mod intel;
mod keys;
mod lifetime;
mod outcomes;
mod path;
mod policies;
mod posture;
mod reports;
mod secrecy;
mod sources;
mod start_over;
mod tiers;
mod unenrolled;
mod uploads;
mod walk;
mod web;
