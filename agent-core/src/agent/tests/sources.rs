//! Two inventories of one device that different readers made.

use super::support::*;
use crate::agent::ScanResult;
use crate::inventory::InventoryDiff;
use crate::model::*;

/// `app` as another reader lists it: with another version of the truth.
fn as_listed_by(source: AppSource, mut app: AppRecord) -> AppRecord {
    app.source = source;
    app.signers = vec![SignerDigest::Sha256(Sha256::of(b"of another kind"))];
    app.managed = app.managed.map(|_| false);
    app
}

fn app_changes(scan: &ScanResult) -> &CheckOutcome {
    scan.checks.iter().find(|outcome| outcome.check == CheckId::AppChanges).unwrap()
}

#[test]
fn another_reader_is_not_a_change_of_the_apps() {
    let device = Device::new();
    device.install([managed("a.one"), app("b.two")]);
    device.scan();

    let other = |id| as_listed_by(AppSource::AndroidPmList, managed(id));
    device.install([other("a.one"), other("c.three")]);
    let scan = device.scan();
    assert_eq!(scan.app_changes, InventoryDiff::default());
    assert_eq!(scan.findings, []);
    assert!(matches!(app_changes(&scan).coverage, Coverage::Unknown { .. }));
    assert!(app_changes(&scan).summary.contains("another source"), "{}", app_changes(&scan).summary);

    device.install([other("a.one"), other("c.three"), other("d.four")]);
    let scan = device.scan();
    assert_eq!(scan.app_changes.added, [other("d.four")]);
    assert_eq!(app_changes(&scan).coverage, Coverage::Complete);
}

#[test]
fn another_reader_resolves_no_finding() {
    let device = Device::new();
    device.install([signed_by("the maker", "a.one")]);
    device.scan();
    device.install([signed_by("somebody else", "a.one")]);
    device.scan();
    device.install([as_listed_by(AppSource::AndroidPmList, app("a.one"))]);
    for _ in 0..2 {
        assert!(device.scan().findings[0].is_open());
    }
}

#[test]
fn a_first_list_and_an_empty_one_can_be_compared_with() {
    let device = Device::new();
    device.install([]);
    assert_eq!(app_changes(&device.scan()).coverage, Coverage::Complete);
    device.install([app("a.one")]);
    assert_eq!(device.scan().app_changes.added, [app("a.one")]);
    device.install([]);
    assert_eq!(device.scan().app_changes.removed, [app("a.one")]);
}
