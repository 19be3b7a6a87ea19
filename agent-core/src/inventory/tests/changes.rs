//! The diff of two inventories, and its judgement.

use super::*;
use crate::inventory::{AppIdentity, InventoryDiff, diff, judge_changes};
use crate::model::{CheckId, Coverage, Detection, Verdict};

fn version(id: &str, version: &str) -> AppRecord {
    AppRecord { version: Some(version.to_owned()), ..app(id) }
}

fn managed(id: &str, managed: bool) -> AppRecord {
    AppRecord { managed: Some(managed), ..app(id) }
}

fn named(name: &str) -> AppRecord {
    AppRecord { name: Some(name.to_owned()), ..AppRecord::from_source(AppSource::MicrosoftGraph) }
}

#[test]
fn added_removed_and_updated_apps_are_told() {
    let before = inventory([version("a", "1"), version("b", "1"), version("c", "1")]);
    let after = inventory([version("d", "1"), version("c", "2"), version("a", "1")]);
    let diff = diff(&before, &after);
    assert_eq!(diff.added, [version("d", "1")]);
    assert_eq!(diff.removed, [version("b", "1")]);
    assert_eq!(diff.updated.len(), 1);
    assert_eq!((&diff.updated[0].before, &diff.updated[0].after), (&version("c", "1"), &version("c", "2")));
    assert!(diff.resigned.is_empty() && diff.managed_changed.is_empty() && diff.unclear.is_empty());

    let outcome = judge_changes(&diff);
    assert_eq!((outcome.check, outcome.verdict()), (CheckId::AppChanges, Verdict::Clean));
    assert_eq!(outcome.summary, "apps since the last scan: 1 added, 1 removed, 1 updated");
}

#[test]
fn what_one_inventory_does_not_tell_has_not_changed() {
    let full = AppRecord { managed: Some(true), ..version("a", "1") };
    let full = AppRecord { signers: vec![sha256("x")], ..full };
    assert_eq!(diff(&inventory([full.clone()]), &inventory([app("a")])), InventoryDiff::default());
    assert_eq!(diff(&inventory([app("a")]), &inventory([full])), InventoryDiff::default());
}

#[test]
fn another_sha256_signer_is_confirmed_resigned() {
    let before =
        AppRecord { name: Some("Mail".to_owned()), ..signed("org.example.mail", &[sha256("owner")]) };
    let after = AppRecord { signers: vec![sha256("someone else")], ..before.clone() };
    let outcome = judge_changes(&diff(&inventory([before]), &inventory([after])));
    assert_eq!(outcome.coverage, Coverage::Complete);
    let [judgement] = &*outcome.judgements else { panic!("{outcome:?}") };
    assert_eq!(judgement.detection, Detection::ResignedApp);
    assert_eq!((&*judgement.subject, judgement.verdict), ("org.example.mail", Verdict::Confirmed));
    insta::assert_json_snapshot!(outcome);
}

#[test]
fn another_hash_code_is_only_suspicious() {
    let before = signed("a", &[SignerDigest::HashCode(1)]);
    let after = signed("a", &[SignerDigest::HashCode(2)]);
    let outcome = judge_changes(&diff(&inventory([before]), &inventory([after])));
    assert_eq!(outcome.judgements[0].verdict, Verdict::Suspicious);
    assert!(outcome.judgements[0].reason.contains("no proof"));
}

#[test]
fn signers_of_different_algorithms_are_not_compared() {
    let before = signed("a", &[SignerDigest::HashCode(1)]);
    let after = signed("a", &[sha256("x")]);
    assert_eq!(diff(&inventory([before]), &inventory([after])), InventoryDiff::default());
}

#[test]
fn the_strongest_algorithm_in_common_decides() {
    let before = signed("a", &[sha256("x"), SignerDigest::HashCode(1)]);
    let after = signed("a", &[sha256("x"), SignerDigest::HashCode(2)]);
    assert_eq!(diff(&inventory([before]), &inventory([after])), InventoryDiff::default());
}

#[test]
fn a_rotated_key_is_the_same_signer() {
    let before = signed("a", &[sha256("old")]);
    let after = signed("a", &[sha256("new"), sha256("old")]);
    assert_eq!(diff(&inventory([before]), &inventory([after])), InventoryDiff::default());
}

#[test]
fn management_removed_is_confirmed_and_management_gained_is_no_finding() {
    let lost = diff(&inventory([managed("a", true)]), &inventory([managed("a", false)]));
    let outcome = judge_changes(&lost);
    assert_eq!(outcome.judgements[0].detection, Detection::ManagementRemoved);
    assert_eq!(outcome.judgements[0].verdict, Verdict::Confirmed);

    let gained = diff(&inventory([managed("a", false)]), &inventory([managed("a", true)]));
    assert_eq!(gained.managed_changed.len(), 1);
    assert_eq!(judge_changes(&gained).verdict(), Verdict::Clean);
}

#[test]
fn a_removed_managed_app_is_not_management_removed() {
    let diff = diff(&inventory([managed("a", true)]), &inventory([]));
    assert_eq!(judge_changes(&diff).judgements, []);
}

#[test]
fn apps_without_identifier_are_told_apart_by_name() {
    let older = AppRecord { version: Some("1".to_owned()), ..named("Mail") };
    let newer = AppRecord { version: Some("2".to_owned()), ..named("Mail") };
    let diff = diff(&inventory([older, named("Old")]), &inventory([newer, named("New")]));
    assert_eq!((diff.added, diff.removed), (vec![named("New")], vec![named("Old")]));
    assert_eq!(diff.updated.len(), 1);
}

#[test]
fn a_name_is_not_enough_to_call_an_app_resigned() {
    let before = AppRecord { signers: vec![sha256("x")], managed: Some(true), ..named("Mail") };
    let after = AppRecord { signers: vec![sha256("y")], managed: Some(false), ..named("Mail") };
    assert_eq!(diff(&inventory([before]), &inventory([after])), InventoryDiff::default());
}

#[test]
fn equal_records_of_one_identifier_count_once() {
    let before = inventory([version("libc6", "1"), version("libc6", "1")]);
    let after = inventory([version("libc6", "2"), version("libc6", "2")]);
    assert_eq!(diff(&before, &after).updated.len(), 1);
    let fewer = inventory([version("libc6", "1")]);
    assert!(diff(&before, &fewer).is_empty());
}

#[test]
fn different_records_of_one_identifier_are_unclear_when_they_cannot_be_paired() {
    let before = inventory([version("a", "1"), version("a", "2")]);
    let paired = inventory([version("a", "2"), version("a", "3")]);
    assert_eq!(diff(&before, &paired).updated.len(), 1);

    let ambiguous = inventory([version("a", "3"), version("a", "4")]);
    let diff = diff(&before, &ambiguous);
    assert_eq!(diff.unclear, [AppIdentity { id: AppId::new("a"), name: None }]);
    assert!(diff.added.is_empty() && diff.removed.is_empty() && diff.updated.is_empty());
    assert_eq!(
        judge_changes(&diff).summary,
        "apps since the last scan: 1 listed more than once and not comparable"
    );
}

#[test]
fn apps_with_neither_identifier_nor_name_are_never_paired() {
    let nameless = |version: &str| AppRecord { id: None, ..self::version("x", version) };
    let diff = diff(&inventory([nameless("1")]), &inventory([nameless("2")]));
    assert!(diff.updated.is_empty());
    assert_eq!(diff.unclear, [AppIdentity { id: None, name: None }]);
}

#[test]
fn a_rotation_in_dumpsys_is_not_resigned_and_a_new_signer_is() {
    let dump = |signatures: &str| {
        let text =
            format!("Packages:\n  Package [a] (1):\n    signatures=PackageSignatures{{1 {signatures}}}\n");
        read(Format::AndroidDumpsys, text.as_bytes()).unwrap()
    };
    let first = dump("version:3, signatures:[aa], past signatures:[]");
    let rotated = dump("version:3, signatures:[bb], past signatures:[aa flags: 17, bb flags: 17]");
    let replaced = dump("version:3, signatures:[cc], past signatures:[]");
    let after_restart = (dump("[41414141]"), dump("[42424242]"));
    assert!(diff(&first, &rotated).is_empty());
    assert_eq!(diff(&first, &replaced).resigned.len(), 1);
    assert!(diff(&after_restart.0, &after_restart.1).is_empty());
}
