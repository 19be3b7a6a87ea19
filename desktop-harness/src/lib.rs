//! The desktop side of the agent: the Linux host and what the `mtd` command is made of.

pub mod host;
