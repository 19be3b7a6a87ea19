//! The experiments: a number, what each does, and how.

mod calls;
mod kills;

use crate::Failure;
use crate::lab::Lab;
use crate::outcome::Outcome;

/// How much is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// Processes to kill.
    pub kills: u64,
    /// Runs with a failing system call, of the agent and of the connector each.
    pub calls: u64,
}

/// Counts what is done, for who watches.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

/// One experiment.
pub struct Experiment {
    /// What `tests/run faults NUMBER` runs.
    pub number: u32,
    /// What is done.
    pub title: &'static str,
    /// Does it.
    pub run: fn(&Lab, Amount, Progress<'_>) -> Result<Outcome, Failure>,
}

/// All of them, by number.
pub const ALL: &[Experiment] = &[
    Experiment {
        number: 1,
        title: "kill -9 in every step of the agent, and of the connector",
        run: kills::run,
    },
    Experiment { number: 2, title: "every system call on the agent's files fails once", run: calls::agent },
    Experiment {
        number: 3,
        title: "every system call on the connector's files fails once",
        run: calls::connector,
    },
];
