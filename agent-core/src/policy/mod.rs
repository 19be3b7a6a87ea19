//! The policy: what counts and how much, what the level is, and how all of it is told to a person.
//!
//! Steps, each in its own file: [`Policy::compose`] makes findings of findings, the [`Policy`] gives a finding its
//! weight, [`assess`] makes a level of the findings and the coverage, [`aged`] takes it back when it is old, [`explain`]
//! says why, and what would bring the level to a better one. For administrators, [`lint`] names what is wrong with a
//! file, [`diff`] what two of them differ in, and [`simulate`] what a policy would have made of a recorded scan.
//!
//! Data, not code: `default.toml` has a row for each [`Detection`](crate::model::Detection) and documents its
//! own format; `texts/*.toml` hold what people read, one file a language. A text that a translation lacks is
//! read in English. All of them are part of the library, and open.
//!
//! Invariants: a policy has exactly one row for each detection, so that looking one up cannot fail. Adding a
//! finding or a gap never improves the level, nor the access that follows from it.

mod access;
mod assess;
mod composite;
mod diff;
mod document;
mod error;
mod explain;
mod lint;
mod overrides;
mod rows;
mod simulate;
mod stale;
mod targets;
mod texts;
mod total;

pub use access::{graph_device_state, is_compliant};
pub use assess::{Assessment, assess};
pub use composite::Composite;
pub use diff::{Change, diff};
pub use error::PolicyError;
pub use explain::{ExplainedFinding, ExplainedGap, Explanation, RecordedFinding, Rule, explain};
pub use lint::{OverrideProblem, lint, lint_overrides, overrides_in};
pub use rows::{DetectionRow, EMBEDDED, Parameters, Policy, ResolvingEvent};
pub use simulate::{Recorded, Shift, Simulation, simulate};
pub use stale::{aged, is_stale};
pub use targets::{Step, Target};
pub use texts::{Language, System};

#[cfg(test)]
mod tests;
