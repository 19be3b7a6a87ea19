//! The client against everything that a connector should not do. What a connector does right is proven against
//! the development connector, in `desktop-harness/tests/connector`.

mod backoff;
mod connections;
mod delivery;
mod download;
mod keys;
mod payload;
mod pins;
mod signed;
pub mod support;
mod wire;
