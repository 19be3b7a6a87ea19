//! A host in Rust in the place of one in another language: what it tells, gets wrong and throws.

mod hosts;
mod logs;
mod support;
