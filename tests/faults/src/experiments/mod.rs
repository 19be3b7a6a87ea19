//! The experiments: a number, what each does, and how.

mod calls;
mod connector;
mod damage;
mod kills;
mod proxy;
mod secret;
mod time;

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
    /// Cases of every kind of damage.
    pub damages: u64,
    /// Exchanges with a hostile proxy.
    pub exchanges: u64,
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
    pub run: Run,
}

/// All of them, by number.
pub const ALL: &[Experiment] = &[
    experiment(1, "kill -9 in every step of the agent, and of the connector", kills::run),
    experiment(2, "every system call on the agent's files fails once", calls::agent),
    experiment(3, "every system call on the connector's files fails once", calls::connector),
    experiment(4, "the agent's files torn, zeroed, cut off, flipped, set back", damage::agent),
    experiment(5, "clocks that jump, processes that sleep, processes that share a store", time::run),
    experiment(6, "a real mitmproxy that refuses, forges, replays, truncates, delays and drops", proxy::run),
    experiment(7, "a connector that restarts, loses its database, signs with another key", connector::run),
    experiment(8, "a planted word is nowhere on the disk", secret::run),
];

type Run = fn(&Lab, Amount, Progress<'_>) -> Result<Outcome, Failure>;

const fn experiment(number: u32, title: &'static str, run: Run) -> Experiment {
    Experiment { number, title, run }
}

/// Words that differ by times and ports alone are the same words.
fn without_numbers(text: &str) -> String {
    let mut short = String::new();
    for c in text.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }) {
        if c != '#' || !short.ends_with('#') {
            short.push(c);
        }
    }
    short
}
