//! Properties of readers, diff, consent and delta on arbitrary input.

use proptest::prelude::*;

use super::*;
use crate::inventory::{apply, consent_filter, delta, diff, digest, judge_changes, may_share, read_managed};
use crate::model::{AppSync, Ownership};

/// Whatever the bytes, no reader may panic, and what is read keeps the promises of an inventory.
fn read_as_everything(input: &[u8]) {
    let _ = crate::inventory::detect(input);
    let managed = read_managed(input);
    for format in Format::ALL {
        let Ok(mut inventory) = read(*format, input) else { continue };
        assert!(inventory.apps.is_sorted_by(|a, b| (&a.id, &a.name) <= (&b.id, &b.name)));
        assert_eq!(read(*format, input).as_ref(), Ok(&inventory), "read twice, read alike");
        if let Ok(managed) = &managed {
            managed.join(&mut inventory);
        }
        assert!(diff(&inventory, &inventory).is_empty());
    }
}

/// A fixture with some of its bytes overwritten, cut out or repeated.
fn mutated_fixture() -> impl Strategy<Value = Vec<u8>> {
    let fixtures: Vec<Vec<u8>> = FIXTURES
        .iter()
        .map(|(_, name)| fixture(name))
        .chain([fixture("managed-applications.plist")])
        .chain(
            ["installed-applications.plist", "managed-applications.plist"]
                .map(|name| to_binary_plist(&fixture(name))),
        )
        .collect();
    let edit = (any::<prop::sample::Index>(), 0..24_usize, prop::collection::vec(any::<u8>(), 0..6));
    (prop::sample::select(fixtures), prop::collection::vec(edit, 1..8)).prop_map(|(mut bytes, edits)| {
        for (at, length, replacement) in edits {
            let start = at.index(bytes.len().max(1)).min(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, replacement);
        }
        bytes
    })
}

/// Records drawn from few values, so that identities, versions and signers collide.
fn any_app() -> impl Strategy<Value = AppRecord> {
    let word = || prop::option::of(prop::sample::select(vec!["1", "2", "é\u{1}"]).prop_map(str::to_owned));
    let signer = prop_oneof![
        (0..3_u8).prop_map(|seed| SignerDigest::Sha256(Sha256::of(&[seed]))),
        (0..3_u8).prop_map(|seed| SignerDigest::Sha1([seed; 20])),
        (0..3_u32).prop_map(SignerDigest::HashCode),
    ];
    let signers = prop::collection::btree_set(signer, 0..3);
    let id = prop::option::of(prop::sample::select(vec!["a", "b", "c", "d"]));
    (id, word(), word(), word(), signers, any::<Option<bool>>(), any::<Option<u64>>()).prop_map(
        |(id, name, version, short_version, signers, managed, bundle_size)| AppRecord {
            id: id.and_then(AppId::new),
            name,
            version,
            short_version,
            signers: signers.into_iter().collect(),
            managed,
            bundle_size,
            ..AppRecord::from_source(AppSource::AppleMdm)
        },
    )
}

fn apps() -> impl Strategy<Value = Vec<AppRecord>> {
    prop::collection::vec(any_app(), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_never_panic(input in prop::collection::vec(any::<u8>(), 0..512)) {
        read_as_everything(&input);
        read_as_everything(&[b"bplist00", &*input].concat());
        read_as_everything(&[b"<plist><dict>", &*input].concat());
    }

    #[test]
    fn arbitrary_lines_never_panic(input in "(package:|Packages:|  Package \\[|    |User 0:|Status: |[=\\[\\],:{} a\\n\u{0}é]){0,60}") {
        read_as_everything(input.as_bytes());
        read_as_everything(format!("Packages:\n  Package [a] (1):\n    signatures={input}").as_bytes());
    }

    #[test]
    fn mutated_fixtures_never_panic(input in mutated_fixture()) {
        read_as_everything(&input);
    }

    #[test]
    fn applying_a_delta_gives_the_new_list(base in apps(), new in apps()) {
        let delta = delta(&base, &new);
        let mut expected = new.clone();
        crate::inventory::identity::sort(&mut expected);
        prop_assert_eq!(apply(&base, &delta).unwrap(), expected);

        let wire = serde_json::to_string(&delta).unwrap();
        prop_assert_eq!(serde_json::from_str::<crate::inventory::InventoryDelta>(&wire).unwrap(), delta);
    }

    #[test]
    fn the_digest_ignores_order_and_nothing_else(apps in apps(), other in apps()) {
        let reversed: Vec<_> = apps.iter().rev().cloned().collect();
        prop_assert_eq!(digest(&apps), digest(&reversed));
        let sorted = |mut apps: Vec<AppRecord>| { apps.sort(); apps };
        prop_assert_eq!(digest(&apps) == digest(&other), sorted(apps) == sorted(other));
    }

    #[test]
    fn a_diff_is_of_what_is_told_and_does_not_depend_on_order(before in apps(), after in apps()) {
        let found = diff(&inventory(before.clone()), &inventory(after.clone()));
        let reversed = |apps: &[AppRecord]| inventory(apps.iter().rev().cloned());
        let backwards = diff(&reversed(&before), &reversed(&after));
        prop_assert_eq!(&found, &backwards);

        for added in &found.added {
            prop_assert!(before.iter().all(|app| app.id != added.id || app.id.is_none() && app.name != added.name));
        }
        for change in found.resigned.iter().chain(&found.managed_changed) {
            prop_assert!(change.before.id.is_some() && change.before.id == change.after.id);
        }
        let again = diff(&inventory(after.clone()), &inventory(after));
        prop_assert!(again.is_empty());
        judge_changes(&found);
    }

    #[test]
    fn consent_never_shares_more_than_it_may(
        apps in apps(), corporate in any::<bool>(), enabled in any::<bool>(), personal_full_inventory in any::<bool>(),
    ) {
        let ownership = if corporate { Ownership::Corporate } else { Ownership::Personal };
        let app_sync = AppSync { enabled, personal_full_inventory };
        let shared = consent_filter(&inventory(apps.clone()), ownership, app_sync);
        prop_assert_eq!(shared.apps.len() as u64 + shared.withheld, apps.len() as u64);
        prop_assert!(shared.apps.iter().all(|app| may_share(app, ownership, app_sync)));
        prop_assert!(enabled || shared.apps.is_empty());
        if !corporate && !personal_full_inventory {
            prop_assert!(shared.apps.iter().all(|app| app.managed == Some(true)));
        }
    }
}

#[test]
fn cost_grows_linearly_with_apps_of_one_identity() {
    // Quadratic comparison of 20,000 records of one identifier would take minutes, not a second.
    let many = |offset: usize| {
        inventory(
            (0..20_000).map(|number| AppRecord { version: Some((number + offset).to_string()), ..app("a") }),
        )
    };
    let (before, after) = (many(0), many(10_000));
    assert_eq!(diff(&before, &after).unclear.len(), 1);
    assert_eq!(delta(&before.apps, &after.apps).changed.len(), 20_000);
}
