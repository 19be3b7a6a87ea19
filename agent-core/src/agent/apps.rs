//! The checks of the apps: what is installed, what the threat intelligence says of it, what changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::intel::Matcher;
use crate::inventory::{self, InventoryDiff};
use crate::model::{
    AppId, AppRecord, AppSource, CheckId, CheckOutcome, Coverage, Detection, Fact, Finding, FindingState,
    Inventory, Judgement, Settings, SignerDigest,
};

/// Said of changes that cannot be seen because the apps were listed by another reader, or under another permission.
const OTHER_SOURCE: &str = "the last scan read the apps from another source, which tells other apps and \
                            properties; changes show from the next scan on";

/// The three checks of the apps. Without an inventory none of them has a result.
///
/// `previous` and `known` are the apps and the findings of the scan before.
pub(super) fn judge(
    apps: &Fact<Inventory>,
    previous: Option<&Inventory>,
    known: &[Finding],
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
        count => format!(", {} on the input", counted(count, "remark")),
    };
    let read =
        CheckOutcome::clean(CheckId::Inventory, format!("{}{notes}", counted(inventory.apps.len(), "app")));
    let matched = Matcher::new(&settings.indicators).judge(inventory);
    let (changed, changes) = judge_changes(inventory, previous, known);
    let mut outcomes = vec![read, matched, changed];
    if let Some(why) = &inventory.incomplete {
        outcomes.iter_mut().for_each(|outcome| mark_partial(outcome, why));
    }
    (outcomes, changes)
}

/// What was seen stands; that nothing else was there is not known, and so nothing is resolved.
fn mark_partial(outcome: &mut CheckOutcome, why: &str) {
    if outcome.coverage == Coverage::Complete {
        outcome.coverage = Coverage::NotPermitted { why: why.to_owned() };
        outcome.summary += &format!("; not all apps are shown: {why}");
    }
}

/// `1 app`, `2 apps`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Compares with the scan before. A first inventory has nothing to compare with, hence no change.
fn judge_changes(
    inventory: &Inventory,
    previous: Option<&Inventory>,
    known: &[Finding],
) -> (CheckOutcome, InventoryDiff) {
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
    (with_standing(inventory::judge_changes(&changes), inventory, known), changes)
}

/// Adds the changes of earlier scans that have not been undone: a replaced app is no better for being scanned
/// twice. One that is undone is no new change either.
fn with_standing(mut outcome: CheckOutcome, inventory: &Inventory, known: &[Finding]) -> CheckOutcome {
    let mut apps: BTreeMap<&str, Vec<&AppRecord>> = BTreeMap::new();
    for app in &inventory.apps {
        // An app without an identifier cannot be found again.
        apps.entry(app.id.as_ref().map_or("", AppId::as_str)).or_default().push(app);
    }
    let earlier = known.iter().filter(|finding| is_live_change(finding)).map(|finding| &finding.judgement);
    let (standing, undone): (Vec<_>, Vec<_>) = earlier.partition(|judgement| {
        apps.get(judgement.subject.as_str()).is_some_and(|apps| still_holds(judgement, apps))
    });

    let undone: BTreeSet<_> = undone.into_iter().map(identity).collect();
    outcome.judgements.retain(|judgement| !undone.contains(&identity(judgement)));
    let new: BTreeSet<_> = outcome.judgements.iter().map(identity).collect();
    let mut standing: Vec<_> =
        standing.into_iter().filter(|judgement| !new.contains(&identity(judgement))).cloned().collect();
    if !standing.is_empty() {
        outcome.summary += &format!("; earlier changes that were not undone: {}", standing.len());
    }
    outcome.judgements.append(&mut standing);
    outcome
}

fn is_live_change(finding: &Finding) -> bool {
    finding.judgement.detection.check() == CheckId::AppChanges
        && !finding.judgement.subject.is_empty()
        && !matches!(finding.state, FindingState::Resolved { .. })
}

fn identity(judgement: &Judgement) -> (Detection, &str) {
    (judgement.detection, &judgement.subject)
}

/// Whether `apps`, all that are installed under the identifier, are not yet what they were before the change.
fn still_holds(judgement: &Judgement, apps: &[&AppRecord]) -> bool {
    match judgement.detection {
        Detection::ResignedApp => {
            let former: BTreeSet<_> = signers_before(judgement).collect();
            let is_former = |signer: &SignerDigest| former.contains(signer.to_string().as_str());
            apps.iter().any(|app| !app.signers.iter().any(is_former))
        }
        Detection::ManagementRemoved => apps.iter().all(|app| app.managed != Some(true)),
        _ => false,
    }
}

/// The signers before the change, as the evidence lists them.
fn signers_before(judgement: &Judgement) -> impl Iterator<Item = &str> {
    let listed = judgement.evidence.iter().filter(|evidence| evidence.name == "signer_before");
    listed.flat_map(|evidence| evidence.value.split(", "))
}

/// Whether both come from the same readers, which showed as much. An inventory without apps does not tell its reader.
fn is_comparable(before: &Inventory, after: &Inventory) -> bool {
    let shows_as_much = before.incomplete.is_some() == after.incomplete.is_some();
    let (before, after) = (sources(before), sources(after));
    shows_as_much && (before.is_empty() || after.is_empty() || before == after)
}

fn sources(inventory: &Inventory) -> BTreeSet<AppSource> {
    inventory.apps.iter().map(|app| app.source).collect()
}
