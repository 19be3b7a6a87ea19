//! When to scan, and how deep: a state machine without clock, timer, thread or I/O.
//!
//! The host tells what happened ([`Scheduler::on`]) and is told to scan now, to ask again later ([`Scheduler::due`]) or
//! that there is nothing to do. After a scan the machine is told how it went ([`Scheduler::finished`]). Rules, in the
//! order in which they apply:
//!
//! 1. A person's request is honoured at once, and looks at everything.
//! 2. One scan at a time.
//! 3. Debounce: joining a network brings a burst of events; a scan begins 2 s after the last, 10 s after the first.
//! 4. Coming to the foreground and the periodic window lead to no scan within 15 minutes of a clean one on the same
//!    network. They, and a change of apps or settings, lead to no scan within a minute of any other. Coming to the
//!    foreground while something is open that is mended in the settings is neither held back nor put off: not every
//!    platform tells of a changed setting, and who comes back from there wants to see it gone.
//! 5. Back-off: a network on which scans come to no result is tried again after 30 s, 1 min, 2 min … 1 h. A portal that
//!    cleared ends the wait. A scan counts as one without result from its beginning, so that one in which the process
//!    dies counts too.
//! 6. Budget: what scans send and receive in 24 hours, less on a metered network. Half of it can be spent at any time;
//!    from then on scans are spread evenly, so that who makes a network flap buys no day without scans.
//!
//! 7. What was met in the connector's place asks for a scan by itself, once, and as promptly as a changed network.
//!
//! A changed app, setting or system is looked at whatever rules 5 and 6 say: it does not change because the network wants
//! it. So is what rule 7 asks for: it is told of once for each network. What such a scan and a requested one cost counts towards the budget of the others.
//!
//! **Depth.** The first tier is always measured. Everything is, from the start, on a network that was never seen, whose
//! last clean scan of everything is older than an hour, or on which a finding is open; and in the middle of a scan, where
//! the first tier is not clean. While that clean scan counts, the checks that the first tier leaves out keep the outcome
//! that they had in it, which then says of when it is ([`Clean::carried`]). It counts for the same network only: the
//! same Wi-Fi name, gateways, DNS servers and settings ([`NetworkKey`]), and the same exit, as far as a canary sees one.
//!
//! **Time.** Within a process intervals are those of a monotonic clock. What outlives the process ([`History`]) has wall
//! clock times, because there are no others; a time that lies in the future, because the clock was set back, is taken for
//! now, or for one at which nothing is known.

mod budget;
mod history;
mod key;
mod limits;
mod trigger;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

pub use history::{Clean, History};
pub use key::NetworkKey;
pub use trigger::ScanTrigger;

use crate::model::{Depth, Timestamp, words::words};
use limits::{DEBOUNCE, LONGEST_DEBOUNCE, LONGEST_SCAN};

words! {
    /// Why a scan does not begin now.
    pub enum Reason {
        /// Nothing happened that asks for a scan.
        NothingNew = "nothing_new",
        /// More events may follow.
        Settling = "settling",
        /// A scan is under way.
        UnderWay = "under_way",
        /// The last scan is recent.
        Recent = "recent",
        /// Scans of this network came to no result.
        BackingOff = "backing_off",
        /// The day's budget.
        Budget = "budget",
    }
}

/// What the host is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Scan.
    Now {
        /// Why.
        trigger: ScanTrigger,
        /// How deep at least.
        depth: Depth,
    },
    /// Ask again after this time; sooner only when something happens.
    Later {
        /// The time.
        after: Duration,
        /// Why not now.
        why: Reason,
    },
    /// Nothing, until something happens.
    Skip {
        /// Why.
        why: Reason,
    },
}

/// A moment, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Time since the process began, or any other fixed moment of its life.
    pub monotonic: Duration,
    /// The wall clock.
    pub wall: Timestamp,
}

/// Where the device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The network; `None` where the platform tells too little to know it again.
    pub network: Option<NetworkKey>,
    /// Whether its traffic costs.
    pub metered: bool,
    /// Whether something suspicious was found on a network and not seen to be gone.
    pub finding_open: bool,
    /// Whether something counts, or hides something, that is mended in the device's settings.
    pub mendable: bool,
    /// Whether something was met on the way to the connector of which no scan has told yet.
    pub met_on_the_way: bool,
}

/// How a scan went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The network that was measured.
    pub network: Option<NetworkKey>,
    /// What came of it.
    pub outcome: ScanOutcome,
    /// Bytes sent and received.
    pub bytes: u64,
}

/// What came of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanOutcome {
    /// Everything was measured, and is in order.
    Clean(Clean),
    /// The first tier was enough: what was known of the network still holds.
    StillClean,
    /// There is a result, and something is not in order.
    NotClean,
    /// Checks that should have brought a result did not.
    Inconclusive,
}

/// The state machine.
#[derive(Clone, Debug, Default)]
pub struct Scheduler {
    history: History,
    waiting: Option<Waiting>,
    under_way: Option<Duration>,
}

/// Events that no scan has answered yet.
#[derive(Clone, Debug)]
struct Waiting {
    triggers: BTreeSet<ScanTrigger>,
    first: Duration,
    last: Duration,
}

impl Waiting {
    /// Whether somebody comes back who may have mended what is open.
    fn returns(&self, around: &Surroundings) -> bool {
        around.mendable && self.triggers.contains(&ScanTrigger::Foreground)
    }
}

/// Whether a trigger tells of a change of the device that no network can bring about.
const fn is_of_the_device(trigger: ScanTrigger) -> bool {
    matches!(trigger, ScanTrigger::AppsChanged | ScanTrigger::SettingsChanged | ScanTrigger::SystemUpdated)
}

impl Scheduler {
    /// What outlives the process: to be stored after each call of this machine.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Puts what was stored in place: before each call where others may have written it.
    pub fn recall(&mut self, history: History) {
        self.history = history;
    }

    /// Something happened.
    pub fn on(&mut self, trigger: ScanTrigger, now: Moment, around: &Surroundings) -> Plan {
        let begin = Waiting { triggers: BTreeSet::new(), first: now.monotonic, last: now.monotonic };
        let waiting = self.waiting.get_or_insert(begin);
        waiting.triggers.insert(trigger);
        waiting.last = now.monotonic;
        self.due(now, around)
    }

    /// The time that the last plan named has come.
    pub fn due(&mut self, now: Moment, around: &Surroundings) -> Plan {
        self.history.mend(now.wall);
        if around.met_on_the_way {
            let begin = Waiting { triggers: BTreeSet::new(), first: now.monotonic, last: now.monotonic };
            self.waiting.get_or_insert(begin).triggers.insert(ScanTrigger::NetworkChanged);
        }
        let Some(waiting) = &self.waiting else { return Plan::Skip { why: Reason::NothingNew } };
        let Some(trigger) = waiting.triggers.first().copied() else {
            return Plan::Skip { why: Reason::NothingNew };
        };
        if trigger == ScanTrigger::Requested {
            return self.begin(trigger, Depth::Everything, now, around);
        }
        if let Some(plan) = self.obstacle(waiting, trigger, now, around) {
            if matches!(plan, Plan::Skip { .. }) {
                self.waiting = None;
            }
            return plan;
        }
        let is_in_order = !around.finding_open && !around.met_on_the_way;
        let depth = if is_in_order && self.history.clean(around.network, now.wall).is_some() {
            Depth::First
        } else {
            Depth::Everything
        };
        self.begin(trigger, depth, now, around)
    }

    /// A scan ended, planned here or not.
    pub fn finished(&mut self, finished: Finished, now: Moment) {
        self.under_way = None;
        self.history.mend(now.wall);
        self.history.finish(finished, now.wall);
    }

    /// What stands against a scan now.
    fn obstacle(
        &self,
        waiting: &Waiting,
        trigger: ScanTrigger,
        now: Moment,
        around: &Surroundings,
    ) -> Option<Plan> {
        let until = |moment: Duration| moment.saturating_sub(now.monotonic);
        let later = |after: Duration, why| (!after.is_zero()).then_some(Plan::Later { after, why });
        let is_for = |triggers: &[ScanTrigger]| waiting.triggers.iter().all(|it| triggers.contains(it));

        let returns = waiting.returns(around);
        let on_occasion = is_for(&[ScanTrigger::Foreground, ScanTrigger::Periodic]) && !returns;
        if on_occasion && !around.finding_open && self.history.is_fresh(around.network, now.wall) {
            return Some(Plan::Skip { why: Reason::Recent });
        }
        let running = self.under_way.map_or(Duration::ZERO, |since| until(since + LONGEST_SCAN));
        let settled = until((waiting.last + DEBOUNCE).min(waiting.first + LONGEST_DEBOUNCE));
        let wait_if = |applies: bool, wait: Duration| if applies { wait } else { Duration::ZERO };
        let of_the_device = is_of_the_device(trigger) || returns || around.met_on_the_way;
        let changed_only = waiting.triggers.iter().all(|it| is_of_the_device(*it));
        let cleared = waiting.triggers.contains(&ScanTrigger::PortalCleared);
        let pause = wait_if(on_occasion || changed_only, self.history.pause(now.wall));
        let back_off = wait_if(!of_the_device && !cleared, self.history.back_off(around.network, now.wall));
        let budget = wait_if(!of_the_device, self.history.budget_wait(around.metered, now.wall));

        later(running, Reason::UnderWay)
            .or_else(|| later(settled, Reason::Settling))
            .or_else(|| later(pause, Reason::Recent))
            .or_else(|| later(back_off, Reason::BackingOff))
            .or_else(|| later(budget, Reason::Budget))
    }

    fn begin(&mut self, trigger: ScanTrigger, depth: Depth, now: Moment, around: &Surroundings) -> Plan {
        let returns = self.waiting.as_ref().is_some_and(|waiting| waiting.returns(around));
        let is_budgeted = trigger != ScanTrigger::Requested
            && !is_of_the_device(trigger)
            && !returns
            && !around.met_on_the_way;
        self.waiting = None;
        self.under_way = Some(now.monotonic);
        self.history.begin(around.network, is_budgeted, now.wall);
        Plan::Now { trigger, depth }
    }
}
