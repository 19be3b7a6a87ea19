//! Random lives of a device, and of its copies, as chains of reports; and what of them contradicts itself, found by
//! comparing every two reports. Knows nothing of the code that it tests.

use proptest::prelude::*;
use proptest::sample::Index;

/// What happens to a device, or to one of its copies.
#[derive(Clone, Debug)]
pub enum Step {
    /// One of the copies reports.
    Report(Index),
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
}

/// Where a report is made.
pub struct Place<'a> {
    pub epoch: usize,
    pub key: usize,
    pub seq: u64,
    pub prev: Option<&'a str>,
}

/// The reports of a life, in the order in which they are made. `report` makes one.
pub fn live(steps: &[Step], mut report: impl FnMut(Place<'_>) -> String) -> Vec<Made> {
    let mut copies = vec![State { epoch: 0, key: 0, seq: 0, prev: None }];
    let mut states = copies.clone();
    let mut made = Vec::new();
    for step in steps {
        match step {
            Step::Report(which) => {
                let which = which.index(copies.len());
                let state = &mut copies[which];
                let State { epoch, key, seq, .. } = *state;
                let token = report(Place { epoch, key, seq: seq + 1, prev: state.prev.as_deref() });
                made.push(Made { epoch, seq: seq + 1, prev: state.prev.clone(), token: token.clone() });
                *state = State { epoch, key, seq: seq + 1, prev: Some(token) };
                states.push(state.clone());
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
        1 => Just(Step::Rotate),
        1 => Just(Step::Enrol),
    ];
    prop::collection::vec(step, 1..24)
}

/// The lives of a device that is copied or set back now and then, under one key and in one enrolment.
pub fn copied_life() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<Index>().prop_map(Step::Report),
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
    if one == other || one.epoch != other.epoch {
        return false;
    }
    let follows = |after: &Made, before: &Made| after.prev.as_deref() == Some(before.token.as_str());
    let wrongly = |after: &Made, before: &Made| follows(after, before) != (after.seq == before.seq + 1);
    let share = one.prev.is_some() && one.prev == other.prev;
    one.seq == other.seq || wrongly(one, other) || wrongly(other, one) || share
}
