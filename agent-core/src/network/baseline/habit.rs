//! What is normal of one fact of a network, and what is on trial.
//!
//! A value that raised no suspicion is normal from the first time on. One that may be an attacker's is on trial: it
//! becomes normal when it stays for [`TRIAL_SECONDS`], never gives way to a normal one, and canaries then show that TLS
//! reaches them untouched and that names are answered truly. A router that its owner replaced is so forgiven by itself;
//! an attacker who sits there for a week and touches nothing is normal too. A sign of forgery starts the time anew.
//!
//! Both sets are bounded; the value that was not seen for longest goes first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::network::limits::{MAX_NORMAL, MAX_TRIALS, TRIAL_SECONDS};

/// How a network behaves by the proofs that canaries give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// TLS reaches canaries untouched, and names are answered truly.
    Honest,
    /// Nobody can tell.
    Untold,
    /// TLS or names are forged.
    Hostile,
}

/// The values of one fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize + Ord", deserialize = "T: Deserialize<'de> + Ord"))]
pub struct Habit<T> {
    /// Normal values, and when each was last seen.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    normal: BTreeMap<T, Timestamp>,
    /// Values on trial.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    trials: BTreeMap<T, Trial>,
}

/// How long a value has been there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Since when, without interruption.
    pub since: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
}

impl<T> Default for Habit<T> {
    fn default() -> Self {
        Self { normal: BTreeMap::new(), trials: BTreeMap::new() }
    }
}

impl<T: Ord + Clone> Habit<T> {
    /// Whether any value is normal.
    pub fn is_known(&self) -> bool {
        !self.normal.is_empty()
    }

    /// The normal values.
    pub fn normal(&self) -> impl Iterator<Item = &T> + Clone {
        self.normal.keys()
    }

    /// When a normal value was last seen.
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.normal.values().max().copied()
    }

    /// Whether `value` is normal.
    pub fn is_normal(&self, value: &T) -> bool {
        self.normal.contains_key(value)
    }

    /// Whether `value` was on trial before and a normal one was seen since.
    pub fn is_back(&self, value: &T) -> bool {
        self.trials.get(value).is_some_and(|trial| self.gave_way(trial))
    }

    /// Whether `value` is normal, or has been there long enough to become it.
    pub fn accepts(&self, value: &T, now: Timestamp, conduct: Conduct) -> bool {
        let passed = |trial: &Trial| !self.gave_way(trial) && trial.is_over(now, conduct);
        self.is_normal(value) || self.trials.get(value).is_some_and(passed)
    }

    /// Makes `value` normal.
    pub fn keep(&mut self, value: T, now: Timestamp) {
        self.trials.remove(&value);
        self.normal.insert(value, now);
        drop_oldest(&mut self.normal, MAX_NORMAL, |seen| *seen);
    }

    /// Puts `value` on trial.
    pub fn doubt(&mut self, value: T, now: Timestamp, conduct: Conduct) {
        let known = self.trials.get(&value).filter(|trial| !self.gave_way(trial)).copied();
        let trial = Trial::extended(known, now, conduct);
        self.trials.insert(value, trial);
        drop_oldest(&mut self.trials, MAX_TRIALS, |trial| trial.last_seen);
    }

    /// Whether a normal value was there after the one of `trial`.
    fn gave_way(&self, trial: &Trial) -> bool {
        self.last_seen().is_some_and(|seen| seen > trial.last_seen)
    }
}

impl Trial {
    /// The trial `known`, or a new one, with a sighting `now`.
    pub(crate) fn extended(known: Option<Self>, now: Timestamp, conduct: Conduct) -> Self {
        let since = known.filter(|_| conduct != Conduct::Hostile).map_or(now, |trial| trial.since.min(now));
        Self { since, last_seen: now }
    }

    /// Whether it has lasted long enough.
    pub(crate) fn is_over(&self, now: Timestamp, conduct: Conduct) -> bool {
        conduct == Conduct::Honest && now.unix().saturating_sub(self.since.unix()) >= TRIAL_SECONDS
    }
}

fn drop_oldest<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, most: usize, seen: impl Fn(&V) -> Timestamp) {
    while map.len() > most {
        let Some(oldest) = map.iter().min_by_key(|(_, value)| seen(value)).map(|(key, _)| key.clone()) else {
            return;
        };
        map.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::network::testing::NOW;

    const DAY: i64 = 24 * 60 * 60;

    fn at_day(day: i64) -> Timestamp {
        NOW.plus_seconds(day * DAY)
    }

    /// `"old"` is normal, `"new"` was doubted on each of `days`.
    fn tried(days: &[i64], conduct: Conduct) -> Habit<&'static str> {
        let mut habit = Habit::default();
        habit.keep("old", at_day(0));
        days.iter().for_each(|day| habit.doubt("new", at_day(*day), conduct));
        habit
    }

    #[test]
    fn what_stays_for_a_week_is_accepted_once_canaries_vouch_for_the_network() {
        let habit = tried(&[1, 3], Conduct::Untold);
        assert!(!habit.accepts(&"new", at_day(7), Conduct::Honest));
        assert!(habit.accepts(&"new", at_day(8), Conduct::Honest));
        assert!(!habit.accepts(&"new", at_day(8), Conduct::Untold));
        assert!(!habit.accepts(&"other", at_day(8), Conduct::Honest));
    }

    #[test]
    fn what_gives_way_to_the_normal_starts_anew() {
        let mut habit = tried(&[1], Conduct::Honest);
        habit.keep("old", at_day(2));
        assert!(habit.is_back(&"new"));
        assert!(!habit.accepts(&"new", at_day(9), Conduct::Honest));
        habit.doubt("new", at_day(9), Conduct::Honest);
        assert!(!habit.accepts(&"new", at_day(15), Conduct::Honest));
        assert!(habit.accepts(&"new", at_day(16), Conduct::Honest));
    }

    #[test]
    fn what_stands_beside_the_normal_is_not_interrupted_by_it() {
        let mut habit = tried(&[], Conduct::Honest);
        for day in 1..5 {
            habit.doubt("new", at_day(day), Conduct::Honest);
            habit.keep("old", at_day(day));
        }
        assert!(habit.accepts(&"new", at_day(8), Conduct::Honest));
    }

    #[test]
    fn a_sign_of_forgery_starts_the_week_anew() {
        let mut habit = tried(&[1], Conduct::Honest);
        habit.doubt("new", at_day(5), Conduct::Hostile);
        assert!(!habit.accepts(&"new", at_day(9), Conduct::Honest));
    }

    #[test]
    fn a_clock_that_was_set_back_grants_nothing() {
        let mut habit = tried(&[9], Conduct::Honest);
        habit.doubt("new", at_day(1), Conduct::Honest);
        assert!(!habit.accepts(&"new", at_day(7), Conduct::Honest));
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_survives_the_store(
            steps in prop::collection::vec((any::<u16>(), any::<i64>(), 0..3), 0..200),
        ) {
            let mut habit: Habit<u16> = Habit::default();
            for (value, moment, what) in steps {
                let now = Timestamp::from_unix(moment);
                match what {
                    0 => habit.keep(value, now),
                    1 => habit.doubt(value, now, Conduct::Honest),
                    _ => habit.doubt(value, now, Conduct::Hostile),
                }
                habit.accepts(&value, now, Conduct::Honest);
                prop_assert!(habit.normal.len() <= MAX_NORMAL && habit.trials.len() <= MAX_TRIALS);
            }
            let kept: Habit<u16> = serde_json::from_str(&serde_json::to_string(&habit).unwrap()).unwrap();
            prop_assert_eq!(kept, habit);
        }
    }
}
