//! The policy: what counts and how much, what the level is, and how all of it is told to a person.
//!
//! Three steps, each in its own file: the [`Policy`] gives a finding its severity, [`assess`] makes a level of
//! the findings and the coverage, [`explain`] says why, and what would bring the level to a better one.
//!
//! Data, not code: `default.toml` has a row for each [`Detection`](crate::model::Detection) and documents its
//! own format; `texts/*.toml` hold what people read, one file a language. A text that a translation lacks is
//! read in English. All of them are part of the library, and open.
//!
//! Invariants: a policy has exactly one row for each detection, so that looking one up cannot fail. Adding a
//! finding or a gap never improves the level, nor the access that follows from it.

mod access;
mod assess;
mod document;
mod error;
mod explain;
mod rows;
mod targets;
mod texts;
mod total;

pub use access::{graph_device_state, is_compliant};
pub use assess::{Assessment, assess};
pub use error::PolicyError;
pub use explain::{ExplainedFinding, ExplainedGap, Explanation, RecordedFinding, Rule, explain};
pub use rows::{DetectionRow, Parameters, Policy, ResolvingEvent};
pub use targets::{Step, Target};
pub use texts::{Language, System};

#[cfg(test)]
mod tests;
