//! What scans may cost in 24 hours.
//!
//! Costs are kept by the hour. With a day's budget D and a scan's greatest cost S, the first part (D - S) / 2 can be spent
//! at any time. From then on a scan of cost C is followed by another after C of that part's share of a day, so that in
//! any 24 hours no more than a second such part and one scan come on top: D in all.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::{DAY_BYTES, DAY_BYTES_METERED, MAX_SCAN_BYTES, MIN_SCAN_BYTES};
use crate::model::Timestamp;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// What was spent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Budget {
    /// By the hour since the epoch.
    spent: BTreeMap<i64, u64>,
    /// The last scan that had to keep to the budget.
    last: Option<Charge>,
    /// What the scan under way was charged beforehand.
    reserved: Option<Charge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Charge {
    at: Timestamp,
    bytes: u64,
    is_budgeted: bool,
}

impl Budget {
    /// How long to wait for the next scan.
    pub(super) fn wait(&self, metered: bool, now: Timestamp) -> Duration {
        let day = if metered { DAY_BYTES_METERED } else { DAY_BYTES };
        let part = (day - MAX_SCAN_BYTES) / 2;
        let spent: u64 = self.spent.values().sum();
        if spent + MAX_SCAN_BYTES <= part {
            return Duration::ZERO;
        }
        let Some(last) = self.last else { return Duration::ZERO };
        let share = DAY.unsigned_abs() * last.bytes.min(MAX_SCAN_BYTES) / part + 1;
        let passed = now.unix().saturating_sub(last.at.unix());
        Duration::from_secs(share.saturating_sub(passed.max(0).unsigned_abs()))
    }

    /// Charges the most that a scan costs, so that one that is never reported has been paid for.
    pub(super) fn reserve(&mut self, is_budgeted: bool, now: Timestamp) {
        let charge = Charge { at: now, bytes: MAX_SCAN_BYTES, is_budgeted };
        self.charge(charge);
        self.reserved = Some(charge);
    }

    /// Charges what a scan cost.
    pub(super) fn settle(&mut self, bytes: u64, now: Timestamp) {
        let bytes = bytes.max(MIN_SCAN_BYTES);
        let Some(reserved) = self.reserved.take() else {
            return self.charge(Charge { at: now, bytes, is_budgeted: false });
        };
        if let Some(spent) = self.spent.get_mut(&hour(reserved.at)) {
            *spent = spent.saturating_sub(reserved.bytes);
        }
        self.charge(Charge { bytes, ..reserved });
    }

    fn charge(&mut self, charge: Charge) {
        let spent = self.spent.entry(hour(charge.at)).or_default();
        *spent = spent.saturating_add(charge.bytes);
        if charge.is_budgeted {
            self.last = Some(charge);
        }
    }

    /// Forgets what is older than a day, and takes for now what lies in the future.
    pub(super) fn mend(&mut self, now: Timestamp) {
        let ahead: u64 = self.spent.split_off(&(hour(now).saturating_add(1))).into_values().sum();
        if ahead > 0 {
            let spent = self.spent.entry(hour(now)).or_default();
            *spent = spent.saturating_add(ahead);
        }
        let oldest = hour(now.plus_seconds(-DAY));
        self.spent = self.spent.split_off(&oldest);
        for charge in self.last.iter_mut().chain(&mut self.reserved) {
            charge.at = charge.at.min(now);
        }
    }
}

const fn hour(at: Timestamp) -> i64 {
    at.unix().div_euclid(HOUR)
}
