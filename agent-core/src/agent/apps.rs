//! The checks of the apps: what is installed, what the threat intelligence says of it, what changed.

use std::collections::{BTreeMap, BTreeSet};

use super::intel::Intel;
use crate::intel::Matcher;
use crate::intel::apps::AppJudge;
use crate::inventory::{self, InventoryDiff, Publishers};
use crate::model::{
    AppId, AppRecord, AppSource, CheckId, CheckOutcome, Coverage, Detection, Evidence, Fact, Finding,
    FindingState, Inventory, Judgement, Settings, SignerDigest, Timestamp, Verdict,
};

/// Said of changes that cannot be seen because the apps were listed by another reader, or under another permission.
const OTHER_SOURCE: &str = "the last scan read the apps from another source, which tells other apps and \
                            properties; changes show from the next scan on";

/// The evidence that names the signers before an app was replaced.
const SIGNERS_BEFORE: &str = "signer_before";

/// The evidence that gives a further reason.
const ALSO: &str = "also";

/// What the apps are judged by.
#[derive(Clone, Copy)]
pub(super) struct Yardsticks<'a> {
    pub(super) settings: &'a Settings,
    pub(super) intel: &'a Intel,
    /// Lowest Android `targetSdkVersion` that is not very old.
    pub(super) minimum_target_sdk: u32,
    pub(super) now: Timestamp,
}

/// The checks of the apps. Without an inventory none of them has a result.
///
/// `previous` and `known` are the apps and the findings of the scan before.
pub(super) fn judge(
    apps: &Fact<Inventory>,
    previous: Option<&Inventory>,
    known: &[Finding],
    by: Yardsticks<'_>,
) -> (Vec<CheckOutcome>, InventoryDiff) {
    const CHECKS: [CheckId; 6] = [
        CheckId::Inventory,
        CheckId::AppIndicators,
        CheckId::AppChanges,
        CheckId::AppOrigin,
        CheckId::AppBuild,
        CheckId::AppRules,
    ];
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
    let matcher = Matcher::new(&by.settings.indicators);
    let (bundle, fault) = (by.intel.bundle.as_deref(), by.intel.fault.as_deref());
    let matched = AppJudge { matcher: &matcher, bundle, fault, now: by.now }.judge(inventory);
    let rules = &by.settings.apps;
    let (mut changed, changes) = judge_changes(inventory, previous, known);
    let publishers = Publishers::of(rules);
    changed.judgements.retain(|judgement| !is_put_right(judgement, inventory, &publishers));
    add_publishers(&mut changed, publishers.judge(inventory), known);
    changed.judgements.extend(inventory::judge_twins(inventory));
    let mut outcomes = vec![
        read,
        matched,
        changed,
        inventory::judge_origin(inventory, rules),
        inventory::judge_build(inventory, rules, by.minimum_target_sdk),
        inventory::judge_rules(inventory, rules),
    ];
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
    let standing = standing.into_iter().filter(|judgement| !new.contains(&identity(judgement)));
    let mut standing: Vec<_> = standing.map(of_history).collect();
    if !standing.is_empty() {
        outcome.summary += &format!("; earlier changes that were not undone: {}", standing.len());
    }
    outcome.judgements.append(&mut standing);
    outcome
}

/// A change against the scan before. What stands against the rules, or side by side, is judged anew each time.
fn is_live_change(finding: &Finding) -> bool {
    let judgement = &finding.judgement;
    let is_of_history = match judgement.detection {
        Detection::ResignedApp => signers_before(judgement).next().is_some(),
        detection => detection == Detection::ManagementRemoved,
    };
    is_of_history && !judgement.subject.is_empty() && !matches!(finding.state, FindingState::Resolved { .. })
}

/// `judgement` without what [`add_publishers`] added to it.
fn of_history(judgement: &Judgement) -> Judgement {
    let mut judgement = judgement.clone();
    judgement.evidence.retain(|it| it.name != ALSO && it.name != inventory::EXPECTED_SIGNER);
    judgement
}

/// Whether an app that has another signer than before now has that of its publisher.
fn is_put_right(judgement: &Judgement, inventory: &Inventory, publishers: &Publishers<'_>) -> bool {
    let is_it = |app: &&AppRecord| app.id.as_ref().is_some_and(|id| id.as_str() == judgement.subject);
    let mut apps = inventory.apps.iter().filter(is_it).peekable();
    judgement.detection == Detection::ResignedApp
        && apps.peek().is_some()
        && apps.all(|app| publishers.signed(app))
}

/// Adds what the publishers' certificates say: to the finding that the device's own history makes, where there is one.
/// Where the history cannot be told this time, the finding of before keeps what decides when it is undone.
fn add_publishers(changed: &mut CheckOutcome, of_publishers: Vec<Judgement>, known: &[Finding]) {
    let history_is_told = changed.coverage == Coverage::Complete;
    for judgement in of_publishers {
        let is_same = |other: &Judgement| identity(other) == identity(&judgement);
        if let Some(of_history) = changed.judgements.iter_mut().find(|it| is_same(it)) {
            merge_publisher(of_history, judgement);
            continue;
        }
        let mut before = known.iter().filter(|finding| !history_is_told && is_live_change(finding));
        match before.find(|finding| is_same(&finding.judgement)) {
            Some(finding) => {
                let mut merged = of_history(&finding.judgement);
                merge_publisher(&mut merged, judgement);
                changed.judgements.push(merged);
            }
            None => changed.judgements.push(judgement),
        }
    }
}

fn merge_publisher(judgement: &mut Judgement, of_publisher: Judgement) {
    if of_publisher.verdict <= Verdict::Inconclusive {
        return;
    }
    judgement.verdict = judgement.verdict.max(of_publisher.verdict);
    let expected = of_publisher.evidence.into_iter().filter(|it| it.name == inventory::EXPECTED_SIGNER);
    judgement.evidence.extend(expected);
    judgement.evidence.push(Evidence::new(ALSO, of_publisher.reason));
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
    let listed = judgement.evidence.iter().filter(|evidence| evidence.name == SIGNERS_BEFORE);
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
