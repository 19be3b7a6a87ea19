//! The checks of the apps: what is installed, what the threat intelligence says of it, what changed.

use std::collections::BTreeSet;

use crate::intel::Matcher;
use crate::inventory::{self, InventoryDiff};
use crate::model::{AppSource, CheckId, CheckOutcome, Fact, Inventory, Settings};

/// Said of changes that cannot be seen because another reader listed the apps.
const OTHER_SOURCE: &str = "the last scan read the apps from another source, which tells other apps and \
                            properties; changes show from the next scan on";

/// The three checks of the apps. Without an inventory none of them has a result.
pub(super) fn judge(
    apps: &Fact<Inventory>,
    previous: Option<&Inventory>,
    settings: &Settings,
) -> (Vec<CheckOutcome>, InventoryDiff) {
    const CHECKS: [CheckId; 3] = [CheckId::Inventory, CheckId::AppIndicators, CheckId::AppChanges];
    let inventory = match apps {
        Fact::Known { value } => value,
        Fact::NotPermitted { why } => {
            return (
                CHECKS.map(|check| CheckOutcome::not_permitted(check, why)).into(),
                InventoryDiff::default(),
            );
        }
        Fact::NotAvailable { why } => {
            return (CHECKS.map(|check| CheckOutcome::unknown(check, why)).into(), InventoryDiff::default());
        }
    };
    let notes = match inventory.notes.len() {
        0 => String::new(),
        count => format!(", {count} remarks on the input"),
    };
    let read = CheckOutcome::clean(CheckId::Inventory, format!("{} apps{notes}", inventory.apps.len()));
    let matched = Matcher::new(&settings.indicators).judge(inventory);
    let (changed, changes) = judge_changes(inventory, previous);
    (vec![read, matched, changed], changes)
}

/// Compares with the scan before. A first inventory has nothing to compare with, hence no change.
fn judge_changes(inventory: &Inventory, previous: Option<&Inventory>) -> (CheckOutcome, InventoryDiff) {
    let Some(previous) = previous else {
        let first =
            CheckOutcome::clean(CheckId::AppChanges, "the first list of apps: nothing to compare with");
        return (first, InventoryDiff::default());
    };
    if !is_comparable(previous, inventory) {
        // Not clean: that would resolve a finding that nobody looked for.
        return (CheckOutcome::unknown(CheckId::AppChanges, OTHER_SOURCE), InventoryDiff::default());
    }
    let changes = inventory::diff(previous, inventory);
    (inventory::judge_changes(&changes), changes)
}

/// Whether both come from the same readers. An inventory without apps does not tell its reader.
fn is_comparable(before: &Inventory, after: &Inventory) -> bool {
    let (before, after) = (sources(before), sources(after));
    before.is_empty() || after.is_empty() || before == after
}

fn sources(inventory: &Inventory) -> BTreeSet<AppSource> {
    inventory.apps.iter().map(|app| app.source).collect()
}
