//! Random lives of a device, and of its copies, as chains of reports; and what of them contradicts itself, found by
//! comparing every two reports. Knows nothing of the code that it tests.

use proptest::prelude::*;
use proptest::sample::Index;

/// What happens to a device, or to one of its copies.
#[derive(Clone, Debug)]
pub enum Step {
    /// One of the copies reports.
    Report(Index),
    /// One of the copies learns that its newest report is too large: it never arrives, and two parts take its place.
    Split(Index),
    /// The device goes on with a new key: only where there is no copy.
    Rotate,
    /// The device enrols again and begins a new chain: only where there is no copy.
    Enrol,
    /// Key and state of one of the copies are copied.
    Clone(Index),
    /// One of the copies is set back to a state that it had before.
    Restore(Index, Index),
}

/// The state that a copy goes on from.
#[derive(Clone)]
struct State {
    epoch: usize,
    key: usize,
    seq: u64,
    prev: Option<String>,
}

/// A report that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    pub epoch: usize,
    pub seq: u64,
    pub prev: Option<String>,
    pub token: String,
    /// The report that it tells a part of: number and token.
    pub replaces: Option<(u64, String)>,
}

/// Where a report is made.
pub struct Place<'a> {
    pub epoch: usize,
    pub key: usize,
    pub seq: u64,
    pub prev: Option<&'a str>,
    pub replaces: Option<(u64, &'a str)>,
}

impl State {
    /// Makes the next report.
    fn report(
        &mut self,
        replaces: Option<(u64, String)>,
        report: &mut impl FnMut(Place<'_>) -> String,
    ) -> Made {
        let State { epoch, key, .. } = *self;
        let (seq, prev) = (self.seq + 1, self.prev.take());
        let told = replaces.as_ref().map(|(seq, token)| (*seq, token.as_str()));
        let token = report(Place { epoch, key, seq, prev: prev.as_deref(), replaces: told });
        (self.seq, self.prev) = (seq, Some(token.clone()));
        Made { epoch, seq, prev, token, replaces }
    }
}

/// The reports of a life that may arrive, in the order in which they are made. `report` makes one.
pub fn live(steps: &[Step], mut report: impl FnMut(Place<'_>) -> String) -> Vec<Made> {
    let mut copies = vec![State { epoch: 0, key: 0, seq: 0, prev: None }];
    let mut states = copies.clone();
    let mut made = Vec::new();
    for step in steps {
        match step {
            Step::Report(which) => {
                let which = which.index(copies.len());
                made.push(copies[which].report(None, &mut report));
                states.push(copies[which].clone());
            }
            Step::Split(which) => {
                let which = which.index(copies.len());
                let state = &mut copies[which];
                let too_large = made
                    .iter()
                    .position(|it| Some(&it.token) == state.prev.as_ref() && it.epoch == state.epoch);
                // A part that is too large itself names more than one: not here.
                let Some(index) = too_large.filter(|index| made[*index].replaces.is_none()) else { continue };
                let Made { seq, token, .. } = made.remove(index);
                for _ in 0..2 {
                    made.push(state.report(Some((seq, token.clone())), &mut report));
                    states.push(state.clone());
                }
            }
            Step::Rotate if copies.len() == 1 => copies[0].key += 1,
            Step::Enrol if copies.len() == 1 => {
                copies[0] = State { epoch: copies[0].epoch + 1, seq: 0, prev: None, ..copies[0] };
            }
            Step::Clone(which) if copies.len() < 4 => copies.push(copies[which.index(copies.len())].clone()),
            Step::Restore(which, state) => {
                let which = which.index(copies.len());
                copies[which] = state.get(&states).clone();
            }
            Step::Rotate | Step::Enrol | Step::Clone(_) => {}
        }
    }
    made
}

/// The lives of a device that is what it is: reports, new keys, new enrolments.
pub fn honest_life() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<Index>().prop_map(Step::Report),
        2 => any::<Index>().prop_map(Step::Split),
        1 => Just(Step::Rotate),
        1 => Just(Step::Enrol),
    ];
    prop::collection::vec(step, 1..24)
}

/// The lives of a device that is copied or set back now and then, under one key and in one enrolment.
pub fn copied_life() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<Index>().prop_map(Step::Report),
        2 => any::<Index>().prop_map(Step::Split),
        1 => any::<Index>().prop_map(Step::Clone),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(which, state)| Step::Restore(which, state)),
    ];
    prop::collection::vec(step, 4..24)
}

/// What arrives: some reports never, some twice, in any order.
pub fn arrivals() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 1..32)
}

/// The first of `arrived` with which they cannot all be of one chain: two that say so are there.
pub fn first_contradiction(arrived: &[&Made]) -> Option<usize> {
    (0..arrived.len()).find(|index| (0..*index).any(|before| contradict(arrived[before], arrived[*index])))
}

fn contradict(one: &Made, other: &Made) -> bool {
    let known = |made: &Made| -> Vec<Known> {
        let own = Known { seq: made.seq, token: made.token.clone(), prev: Some(made.prev.clone()) };
        let replaced = made.replaces.clone().map(|(seq, token)| Known { seq, token, prev: None });
        [own].into_iter().chain(replaced).collect()
    };
    let others = known(other);
    one.epoch == other.epoch && known(one).iter().any(|it| others.iter().any(|other| it.contradicts(other)))
}

/// What a report tells of a place in the chain: its own, or that of the report that it replaces.
struct Known {
    seq: u64,
    token: String,
    /// What the report there links to, where that is known.
    prev: Option<Option<String>>,
}

impl Known {
    fn contradicts(&self, other: &Self) -> bool {
        let share = matches!((&self.prev, &other.prev), (Some(Some(one)), Some(Some(other))) if one == other);
        self.token != other.token
            && (self.seq == other.seq || self.wrongly_follows(other) || other.wrongly_follows(self) || share)
    }

    fn wrongly_follows(&self, before: &Self) -> bool {
        let Some(prev) = &self.prev else { return false };
        (prev.as_ref() == Some(&before.token)) != (self.seq == before.seq + 1)
    }
}
