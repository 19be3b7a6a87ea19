//! The `mtd` command as a user runs it: the real binary, a real connector process, real TLS on loopback.
//!
//! Every test has its own folders, its own connector on a port that the system chose, and an environment of
//! nothing but `PATH` and folders of its own. A test names a behaviour; what the behaviour needs is in
//! `device.rs` (running `mtd`), `organisation.rs` (running a connector) and `theatre.rs` (running a stage).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends at the first thing that is not as it expects"
)]

mod device;
mod golden;
mod organisation;
mod theatre;

mod demo;
mod stage_story;
mod story;

mod attestation;
mod bad_input;
mod devices;
mod fail_at;
mod full_disk;
mod help;
mod intel;
mod inventory;
mod keys;
mod network;
mod outage;
mod output;
mod policy;
mod posture;
mod recordings;
mod snapshot;
mod stage;
mod store;
mod transport;
