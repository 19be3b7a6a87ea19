//! What the scheduler remembers beyond the life of a process.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::budget::Budget;
use super::key::NetworkKey;
use super::limits::{BACK_OFF, CLEAN_FOR, FRESH_FOR, LONGEST_BACK_OFF, MAX_NETWORKS, PAUSE};
use super::{Finished, ScanOutcome};
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Timestamp};

/// The past scans, as far as they decide on the next. Serialized to be stored; knows no network by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    #[serde(default)]
    networks: BTreeMap<NetworkKey, Visit>,
    #[serde(default)]
    budget: Budget,
    #[serde(default)]
    last: Option<Timestamp>,
}

/// One network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Visit {
    /// When its last scan began, or ended if it was not planned.
    last: Timestamp,
    /// Scans since the last one with a result.
    failures: u32,
    /// When it was last in order, to any depth.
    fresh: Option<Timestamp>,
    clean: Option<Clean>,
}

/// A scan of everything that found all in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clean {
    /// When.
    pub at: Timestamp,
    /// Where the network's traffic came out; absent where no canary told.
    #[serde(default)]
    pub exit: Option<String>,
    /// What was out of the ordinary and had a benign cause.
    pub explained: BTreeSet<Detection>,
    /// What the checks said that are not always made.
    pub outcomes: Vec<CheckOutcome>,
}

impl Clean {
    /// The outcome of `check` in that scan, which says of when it is.
    pub fn carried(&self, check: CheckId) -> Option<CheckOutcome> {
        let mut outcome = self.outcomes.iter().find(|outcome| outcome.check == check)?.clone();
        outcome.summary = format!("{} (at {}, not measured again)", outcome.summary, self.at);
        if let Coverage::Unknown { why } | Coverage::NotPermitted { why } = &mut outcome.coverage {
            why.clone_from(&outcome.summary);
        }
        Some(outcome)
    }
}

impl History {
    /// The scan of everything that found `network` in order, as long as it counts.
    pub fn clean(&self, network: Option<NetworkKey>, now: Timestamp) -> Option<&Clean> {
        let clean = self.networks.get(&network?)?.clean.as_ref()?;
        (0..CLEAN_FOR).contains(&age(clean.at, now)).then_some(clean)
    }

    pub(super) fn is_fresh(&self, network: Option<NetworkKey>, now: Timestamp) -> bool {
        let visit = network.and_then(|network| self.networks.get(&network));
        let fresh = visit.and_then(|visit| visit.fresh);
        let is_recent = fresh.is_some_and(|at| (0..FRESH_FOR).contains(&age(at, now)));
        is_recent && self.clean(network, now).is_some()
    }

    pub(super) fn pause(&self, now: Timestamp) -> Duration {
        self.last.map_or(Duration::ZERO, |last| remaining(last, PAUSE, now))
    }

    pub(super) fn back_off(&self, network: Option<NetworkKey>, now: Timestamp) -> Duration {
        let Some(visit) = network.and_then(|network| self.networks.get(&network)) else {
            return Duration::ZERO;
        };
        let Some(doublings) = visit.failures.checked_sub(1) else { return Duration::ZERO };
        let wait = 2_i64.checked_pow(doublings).and_then(|times| BACK_OFF.checked_mul(times));
        remaining(visit.last, wait.unwrap_or(i64::MAX).min(LONGEST_BACK_OFF), now)
    }

    pub(super) fn budget_wait(&self, metered: bool, now: Timestamp) -> Duration {
        self.budget.wait(metered, now)
    }

    /// A planned scan begins: one without result, until it is reported otherwise.
    pub(super) fn begin(&mut self, network: Option<NetworkKey>, is_budgeted: bool, now: Timestamp) {
        self.budget.reserve(is_budgeted, now);
        self.last = Some(now);
        if let Some(visit) = self.visit(network, now) {
            visit.last = now;
            visit.failures = visit.failures.saturating_add(1);
        }
    }

    pub(super) fn finish(&mut self, finished: Finished, now: Timestamp) {
        self.budget.settle(finished.bytes, now);
        self.last = Some(now);
        let Some(visit) = self.visit(finished.network, now) else { return };
        match finished.outcome {
            ScanOutcome::Clean(clean) => {
                (visit.failures, visit.fresh, visit.clean) = (0, Some(now), Some(clean));
            }
            ScanOutcome::StillClean => (visit.failures, visit.fresh) = (0, Some(now)),
            ScanOutcome::NotClean => (visit.failures, visit.fresh, visit.clean) = (0, None, None),
            ScanOutcome::Inconclusive => (visit.fresh, visit.clean) = (None, None),
        }
    }

    /// Takes times in the future for now, or forgets what they vouch for.
    pub(super) fn mend(&mut self, now: Timestamp) {
        self.budget.mend(now);
        self.last = self.last.map(|last| last.min(now));
        for visit in self.networks.values_mut() {
            visit.last = visit.last.min(now);
            visit.fresh = visit.fresh.filter(|at| *at <= now);
            visit.clean = visit.clean.take().filter(|clean| clean.at <= now);
        }
    }

    /// The record of `network`; makes room for it among the others.
    fn visit(&mut self, network: Option<NetworkKey>, now: Timestamp) -> Option<&mut Visit> {
        let network = network?;
        if self.networks.len() >= MAX_NETWORKS && !self.networks.contains_key(&network) {
            let oldest = self.networks.iter().min_by_key(|(_, visit)| visit.last).map(|(key, _)| *key);
            oldest.and_then(|oldest| self.networks.remove(&oldest));
        }
        let unknown = Visit { last: now, failures: 0, fresh: None, clean: None };
        Some(self.networks.entry(network).or_insert(unknown))
    }
}

fn age(at: Timestamp, now: Timestamp) -> i64 {
    now.unix().saturating_sub(at.unix())
}

/// What is left of `wait` seconds from `since` on.
fn remaining(since: Timestamp, wait: i64, now: Timestamp) -> Duration {
    let left = wait.saturating_sub(age(since, now)).clamp(0, wait);
    Duration::from_secs(left.unsigned_abs())
}
