//! An on-device mobile threat defense agent: collects, checks, classifies, signs, reports.
//!
//! Data flows one way, and the modules follow it:
//!
//! ```text
//!  platform facts ──► inventory ─┐
//!  (traits the host   network  ──┼─► findings ──► policy ──► report ──► store ──► connector ──► (receipt) ──► store
//!   implements)       posture  ──┤                (level,     (signed    (queue,    (deliver)
//!                     intel    ──┘                 why, fix)   SETs)      sealed)
//! ```
//!
//! Siblings never import each other; everything may import [`model`] and, in the same way, [`canary`]: pure format,
//! which the settings, the network checks and the canary server share. `bounded_plist` and `files` are of that kind too.

pub mod model;
pub mod platform;

pub mod canary;

mod bounded_plist;
mod files;

pub mod inventory;
pub mod network;

pub mod intel;
pub mod posture;

pub mod policy;

pub mod report;

pub mod store;

pub mod connector;

pub mod schedule;

pub mod agent;
