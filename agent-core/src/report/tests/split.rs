use proptest::prelude::*;

use super::schema::{Schemas, arbitrary_report};
use super::support::*;
use crate::model::*;
use crate::report::*;

/// A position at which every part is as long as it can get.
fn far_position() -> ChainPosition {
    ChainPosition { epoch: "enrolment-1".into(), seq: u64::MAX - 10_000, prev: Some(Sha256::of(b"token")) }
}

fn report_with_apps(count: usize) -> DeviceReport {
    let app = |n: usize| {
        let mut app = AppRecord::from_source(AppSource::AndroidPackageManager);
        app.id = AppId::new(format!("com.example.app{n}"));
        app.signers = vec![SignerDigest::Sha256(Sha256::of(&n.to_be_bytes()))];
        app
    };
    let sha256 = Sha256::of(b"inventory");
    let inventory = InventoryReport::Full { apps: (0..count).map(app).collect(), withheld: 0, sha256 };
    DeviceReport { inventory, ..rich_report() }
}

/// Puts parts together as a receiver does.
fn join(parts: Vec<DeviceReport>) -> DeviceReport {
    let mut parts = parts.into_iter();
    let mut whole = parts.next().unwrap();
    for part in parts {
        whole.findings.extend(part.findings);
        match (&mut whole.inventory, part.inventory) {
            (InventoryReport::Full { apps, .. }, InventoryReport::Full { apps: more, .. }) => {
                apps.extend(more)
            }
            (
                InventoryReport::Delta { changed, removed, .. },
                InventoryReport::Delta { changed: more_changed, removed: more_removed, .. },
            ) => {
                changed.extend(more_changed);
                removed.extend(more_removed);
            }
            (InventoryReport::NotShared { .. }, InventoryReport::NotShared { .. }) => {}
            _ => panic!("parts of different kinds"),
        }
    }
    whole.part = Part::WHOLE;
    whole
}

#[test]
fn a_report_that_fits_is_one_part() {
    let host = Host::new();
    let parts = host.reporter().split(rich_report(), &first_position(), 1024 * 1024).unwrap();
    assert_eq!(parts, [rich_report()]);
}

#[test]
fn parts_are_numbered_and_few() {
    let host = Host::new();
    let max = 64 * 1024;
    let parts = host.reporter().split(report_with_apps(5000), &far_position(), max).unwrap();
    let of = parts.len() as u32;
    for (n, part) in (1..).zip(&parts) {
        assert_eq!(part.part, Part { n, of });
        let token = host.reporter().sign(&far_position(), device_report(part.clone())).unwrap().token;
        assert!(token.len() <= max);
        // All but the last are full, to within an app.
        assert!(n == of || token.len() > max - 400, "part {n}: {}", token.len());
    }
    assert_eq!(join(parts), report_with_apps(5000));
}

#[test]
fn the_limit_of_every_token_holds_even_where_a_connector_allows_more() {
    let host = Host::new();
    let parts = host.reporter().split(report_with_apps(10_000), &first_position(), usize::MAX).unwrap();
    assert!(parts.len() > 1);
    for part in parts {
        host.reporter().sign(&far_position(), device_report(part)).unwrap();
    }
}

#[test]
fn a_limit_below_what_every_part_repeats_is_an_error() {
    let host = Host::new();
    for max in [0, 1, 1000] {
        let error = host.reporter().split(rich_report(), &first_position(), max).unwrap_err();
        assert!(matches!(error, ReportError::Split(ReportTooLarge::Frame)), "{error}");
    }
}

#[test]
fn one_item_larger_than_a_token_is_an_error_that_does_not_name_it() {
    let host = Host::new();
    let mut report = report_with_apps(3);
    report.findings[0].judgement.reason = "com.example.secret".repeat(1000);
    let error = host.reporter().split(report, &first_position(), 8 * 1024).unwrap_err();
    assert!(matches!(error, ReportError::Split(ReportTooLarge::Item)));
    assert!(!error.to_string().contains("secret"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_fit_the_limit_and_make_the_whole(report in arbitrary_report(), max in 5000usize..12_000) {
        let host = Host::new();
        let parts = host.reporter().split(report.clone(), &far_position(), max).unwrap();
        let mut position = far_position();
        let schemas = Schemas::load();
        for part in &parts {
            let token = host.reporter().sign(&position, device_report(part.clone())).unwrap().token;
            prop_assert!(token.len() <= max, "{} > {max}", token.len());
            schemas.check(&token);
            position = position_after(&position, &token);
        }
        prop_assert_eq!(join(parts), report);
    }
}
