//! Well-known apps against the public feeds: none of them may be found, but for those that are expected.

use std::collections::{BTreeMap, BTreeSet};

use agent_core::intel::Matcher;
use agent_core::intel::apps::AppJudge;
use agent_core::intel::bundle::Bundle;
use agent_core::inventory::{Format, read};
use agent_core::model::{AppId, AppRecord, AppSource, Coverage, Inventory};

use super::given::{compiled, data};
use super::{NOW, bundle};

/// Identifiers of well-known apps, one a line: Android's before the line that names iOS, its after.
const WELL_KNOWN: &str = include_str!("../../../data/well-known-apps.txt");

/// Apps of the list that a feed names, and why it is right to.
const EXPECTED: &[(&str, &str)] = &[];

fn well_known() -> Vec<AppRecord> {
    let mut source = AppSource::AndroidPackageManager;
    let mut apps = Vec::new();
    for line in WELL_KNOWN.lines() {
        match line.strip_prefix('#') {
            Some(remark) if remark.trim_start().starts_with("iOS") => source = AppSource::AppleMdm,
            Some(_) => {}
            None => apps.push(AppRecord { id: AppId::new(line), ..AppRecord::from_source(source) }),
        }
    }
    apps
}

/// What is found, by app.
fn found(bundle: &Bundle, apps: Vec<AppRecord>) -> BTreeMap<String, String> {
    let matcher = Matcher::default();
    let judge = AppJudge { matcher: &matcher, bundle: Some(bundle), fault: None, now: NOW };
    let outcome = judge.judge(&Inventory { apps, ..Inventory::default() });
    assert_eq!(outcome.coverage, Coverage::Complete);
    outcome.judgements.into_iter().map(|it| (it.subject, it.reason)).collect()
}

#[test]
fn the_list_is_as_it_says() {
    let apps = well_known();
    let ids: BTreeSet<_> = apps.iter().map(|app| (app.source, app.id.as_ref().unwrap())).collect();
    assert_eq!(ids.len(), apps.len(), "an app is listed twice");
    assert!(apps.len() >= 1_000, "{}", apps.len());
    for source in [AppSource::AndroidPackageManager, AppSource::AppleMdm] {
        assert!(apps.iter().filter(|app| app.source == source).count() >= 100);
    }
    assert!(apps.iter().all(|app| app.id.as_ref().unwrap().as_str().contains('.')));
}

#[test]
fn no_well_known_app_is_found_that_is_not_expected() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(&compiled(&data).0, folder.path());

    let mut apps = well_known();
    let dumps = ["DumpSys.GApps.txt", "DumpSys.Package.txt", "pm_list_packages_f_i_U.txt"];
    for name in dumps {
        let format = if name.starts_with("pm") { Format::AndroidPmList } else { Format::AndroidDumpsys };
        let text = std::fs::read(data.join("inventory/android").join(name)).unwrap();
        apps.extend(read(format, &text).unwrap().apps);
    }
    let found = found(&bundle, apps);
    let expected: BTreeSet<_> = EXPECTED.iter().map(|(app, _)| (*app).to_owned()).collect();
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), expected, "{found:#?}");
}

/// Without this, a matcher that finds nothing would pass the test above.
#[test]
fn every_app_of_the_feeds_is_found_among_the_well_known() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let contents = compiled(&data).0;
    let bundle = bundle(&contents, folder.path());
    let listed: BTreeSet<_> = contents
        .values
        .iter()
        .filter_map(|(value, _)| match value {
            agent_core::intel::value::Value::AppId(id) => Some(id.clone()),
            _ => None,
        })
        .collect();
    assert!(listed.len() > 500, "{}", listed.len());
    let mut apps = well_known();
    let record = |id: &String| AppRecord {
        id: AppId::new(id),
        ..AppRecord::from_source(AppSource::AndroidPackageManager)
    };
    apps.extend(listed.iter().map(record));
    let found: BTreeSet<_> = found(&bundle, apps).into_keys().collect();
    let expected = EXPECTED.iter().map(|(app, _)| (*app).to_owned()).chain(listed);
    assert_eq!(found, expected.collect());
}
