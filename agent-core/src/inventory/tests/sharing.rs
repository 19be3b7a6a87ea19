//! Consent, digest and delta.

use super::*;
use crate::inventory::{ApplyError, InventoryDelta, apply, consent_filter, delta, digest, may_share};
use crate::model::{AppSync, Note, Ownership};

const OFF: AppSync = AppSync { enabled: false, personal_full_inventory: false };
const ONLY_FULL: AppSync = AppSync { enabled: false, personal_full_inventory: true };
const ON: AppSync = AppSync { enabled: true, personal_full_inventory: false };
const ON_FULL: AppSync = AppSync { enabled: true, personal_full_inventory: true };

fn three_apps() -> Inventory {
    let mut inventory = inventory([
        AppRecord { managed: Some(true), ..app("managed") },
        AppRecord { managed: Some(false), ..app("private") },
        app("untold"),
    ]);
    inventory.notes.push(Note { place: "line 1".to_owned(), message: "about private".to_owned() });
    inventory
}

#[test]
fn the_truth_table_of_consent() {
    use Ownership::{Corporate, Personal};
    let all = &["managed", "private", "untold"][..];
    let table = [
        (Corporate, OFF, &[][..]),
        (Personal, OFF, &[]),
        (Corporate, ONLY_FULL, &[]),
        (Personal, ONLY_FULL, &[]),
        (Corporate, ON, all),
        (Personal, ON, &["managed"]),
        (Corporate, ON_FULL, all),
        (Personal, ON_FULL, all),
    ];
    for (ownership, app_sync, expected) in table {
        let shared = consent_filter(&three_apps(), ownership, app_sync);
        let ids: Vec<_> = shared.apps.iter().filter_map(|app| app.id.as_ref()).map(AppId::as_str).collect();
        assert_eq!(ids, expected, "{ownership} {app_sync:?}");
        assert_eq!(shared.withheld, (3 - expected.len()) as u64, "{ownership} {app_sync:?}");
        for app in &three_apps().apps {
            let listed = expected.contains(&app.id.as_ref().unwrap().as_str());
            assert_eq!(may_share(app, ownership, app_sync), listed, "{app:?}");
        }
    }
}

#[test]
fn nothing_but_a_number_is_left_of_what_is_withheld() {
    for (ownership, app_sync) in [(Ownership::Personal, ON), (Ownership::Corporate, OFF)] {
        let json = serde_json::to_string(&consent_filter(&three_apps(), ownership, app_sync)).unwrap();
        assert!(!json.contains("private") && !json.contains("untold"), "{json}");
    }
    let all = consent_filter(&three_apps(), Ownership::Corporate, ON);
    assert_eq!(all.notes, three_apps().notes);
}

#[test]
fn the_digest_can_be_repeated_from_its_description() {
    let apps = [
        AppRecord { name: Some("é\u{1}\"/".to_owned()), bundle_size: Some(23_048_830_844), ..app("b") },
        AppRecord { validated: Some(true), signers: vec![SignerDigest::HashCode(7)], ..app("a") },
    ];
    let canonical = concat!(
        r#"[{"bundle_size":23048830844,"id":"b","name":"é\u0001\"/","source":"android_package_manager"},"#,
        r#"{"id":"a","signers":["hashcode:00000007"],"source":"android_package_manager","validated":true}]"#,
    );
    assert_eq!(digest(&apps), Sha256::of(canonical.as_bytes()));
    assert_eq!(digest(&[]), Sha256::of(b"[]"));
}

#[test]
fn a_delta_holds_what_differs_and_no_more() {
    let newer = AppRecord { version: Some("2".to_owned()), ..app("b") };
    let base = [app("a"), app("b"), app("c")];
    let new = [app("a"), newer.clone(), app("d")];
    let delta = delta(&base, &new);
    assert_eq!(delta.changed, [newer, app("d")]);
    assert_eq!(delta.removed.len(), 1);
    assert_eq!(apply(&base, &delta).unwrap(), new);
    insta::assert_json_snapshot!(delta);
}

#[test]
fn a_delta_fits_only_its_own_base_and_result() {
    let delta = delta(&[app("a")], &[app("b")]);
    assert!(matches!(apply(&[app("c")], &delta), Err(ApplyError::OtherBase { .. })));
    let altered = InventoryDelta { changed: vec![app("z")], ..delta };
    assert!(matches!(apply(&[app("a")], &altered), Err(ApplyError::OtherResult { .. })));
}
