//! The desktop side of the agent: what the `mtd` command is made of.

pub mod connector;
