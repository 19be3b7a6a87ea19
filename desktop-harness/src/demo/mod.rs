//! The whole story on one machine in a few seconds: enrol, scan, report, block, repair, allow.
//!
//! Everything is real but the place: a connector over TLS 1.3, this machine's packages and posture, a router
//! that intercepts TLS, signed reports and receipts; all on loopback and in one temporary folder. What the demo
//! tells, it has checked: a step that turns out otherwise ends it with an error.

mod apps;
mod keep;
mod story;

pub(crate) use story::tell;
