use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use tempfile::TempDir;

use super::layout::PAGE;
use super::{Attribution, Bundle, BundleError, BundleKey, Contents, encode, install};
use crate::intel::value::{Value, ValueKind};
use crate::model::{Severity, ThreatCategory, Timestamp};

const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

fn key(seed: u8) -> (Ed25519KeyPair, BundleKey) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let public = pair.public_key().as_ref().try_into().unwrap();
    (pair, BundleKey::from_bytes(public))
}

fn attribution(family: &str) -> Attribution {
    Attribution {
        category: ThreatCategory::Spyware,
        family: family.into(),
        source: "tests".into(),
        severity: Severity::High,
        confidence: Some(90),
        reference: None,
        valid_from: None,
        valid_until: None,
        only_itself: false,
    }
}

fn contents(values: impl IntoIterator<Item = Value>) -> Contents {
    let values = values.into_iter().map(|value| (value, 0)).collect();
    Contents { values, attributions: vec![attribution("Sample")], sources: vec![], ..Contents::default() }
}

fn names(count: u32) -> Contents {
    contents((0..count).map(|n| Value::Domain(format!("n{n}.example.com"))))
}

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn bundle(&self, name: &str, contents: &Contents, version: u64) -> PathBuf {
        self.write(name, &encode(contents, version, NOW, &key(1).0).unwrap())
    }
}

fn open(contents: &Contents) -> (Bundle, Files) {
    let files = Files::new();
    let path = files.bundle("a.mtdi", contents, 1);
    (Bundle::open(&path, &key(1).1).unwrap(), files)
}

#[test]
fn the_same_contents_give_the_same_bytes() {
    let once = encode(&names(500), 1, NOW, &key(1).0).unwrap();
    assert_eq!(once, encode(&names(500), 1, NOW, &key(1).0).unwrap());
}

#[test]
fn a_host_name_costs_at_most_eight_bytes_beyond_metadata() {
    for count in [1_000, 20_000, 100_000] {
        let (bundle, _files) = open(&names(count));
        let domains = &bundle.metadata_for_tests().domains;
        let entries = domains.entries.len + domains.filter.len;
        assert!(entries <= 8 * u64::from(count), "{count}: {entries}");
        assert!(bundle.size() * 100 <= 850 * u64::from(count) + 100 * 3 * PAGE as u64, "{}", bundle.size());
    }
}

#[test]
fn fingerprints_are_wide_enough_for_any_number_of_names() {
    for count in [1u32, 2, 31, 32, 33, 64, 65, 4_096, 100_000, 2_500_000, 10_000_000, 100_000_000] {
        let bits = f64::from(super::names::SUFFIX_BITS + super::names::bucket_bits(count));
        assert!(f64::from(count).log2() - bits <= -35.0, "{count}");
    }
}

#[test]
fn the_filter_lets_few_unknown_names_pass_and_none_of_them_is_found() {
    let (bundle, _files) = open(&names(20_000));
    let unknown: Vec<_> = (0..50_000).map(|n| format!("u{n}.example.org")).collect();
    let passed = unknown.iter().filter(|name| bundle.may_know(name)).count();
    // 2^-4.5, as the specification says.
    assert!(passed as f64 / unknown.len() as f64 <= 0.0442, "{passed}");
    for name in unknown {
        assert!(bundle.find(&Value::Domain(name)).unwrap().is_empty());
    }
}

#[test]
fn a_truncated_or_extended_file_is_told_by_its_length() {
    let files = Files::new();
    let bytes = encode(&names(2_000), 1, NOW, &key(1).0).unwrap();
    for cut in [0, 7, 100, 191, 192, 1_000, bytes.len() - 1] {
        let error = Bundle::open(&files.write("a", &bytes[..cut]), &key(1).1).unwrap_err();
        match cut {
            0 | 7 => assert!(matches!(error, BundleError::NotABundle), "{error}"),
            _ => assert!(matches!(error, BundleError::Length { .. }), "{cut}: {error}"),
        }
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    let error = Bundle::open(&files.write("a", &longer), &key(1).1).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "it should be {} bytes long and has {}: truncated or damaged, download it again",
            bytes.len(),
            longer.len()
        )
    );
}

#[test]
fn another_signer_and_every_change_of_the_head_are_refused() {
    let files = Files::new();
    let bytes = encode(&names(100), 1, NOW, &key(1).0).unwrap();
    let error = Bundle::open(&files.write("a", &bytes), &key(2).1).unwrap_err();
    assert!(matches!(error, BundleError::Signature), "{error}");
    for at in 16..192 {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let error = Bundle::open(&files.write("a", &changed), &key(1).1).unwrap_err();
        assert!(matches!(error, BundleError::Signature), "{at}: {error}");
    }
}

#[test]
fn a_later_format_says_what_to_do() {
    let files = Files::new();
    let mut bytes = encode(&names(100), 1, NOW, &key(1).0).unwrap();
    bytes[8] = 2;
    let error = Bundle::open(&files.write("a", &bytes), &key(1).1).unwrap_err();
    assert!(matches!(error, BundleError::OtherFormat { found: 2, known: 1 }));
    assert!(error.to_string().contains("update the agent"), "{error}");
}

#[test]
fn something_else_is_no_bundle() {
    let files = Files::new();
    let error = Bundle::open(&files.write("a", b"{\"type\":\"bundle\"}"), &key(1).1).unwrap_err();
    assert!(matches!(error, BundleError::NotABundle));
    let error = Bundle::open(&files.path("missing"), &key(1).1).unwrap_err();
    assert!(matches!(error, BundleError::Io(_)));
}

/// A page in the middle, not read at opening, is damaged: the lookup that needs it fails, the others do not.
#[test]
fn a_damaged_page_is_an_error_of_the_lookups_that_need_it() {
    let files = Files::new();
    let mut bytes = encode(&names(20_000), 1, NOW, &key(1).0).unwrap();
    let page = bytes.len() / PAGE - 10;
    bytes[page * PAGE + 17] ^= 0x40;
    let bundle = Bundle::open(&files.write("a", &bytes), &key(1).1).unwrap();
    let error = bundle.verify_all().unwrap_err().to_string();
    assert!(error.starts_with("page ") && error.contains("download the bundle again"), "{error}");
    let results: Vec<_> = (0..20_000)
        .map(|n| bundle.find(&Value::Domain(format!("n{n}.example.com"))).map(|met| met.len()))
        .collect();
    let failed = results.iter().filter(|it| it.is_err()).count();
    assert!((100..2_000).contains(&failed), "{failed}");
    assert!(results.iter().flatten().all(|found| *found == 1));
}

#[test]
fn a_damaged_table_or_metadata_is_told_at_opening() {
    let files = Files::new();
    let bytes = encode(&names(5_000), 1, NOW, &key(1).0).unwrap();
    let pages = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
    for (at, what) in [(192, "its table of page digests"), (192 + 32 * pages, "its metadata")] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let error = Bundle::open(&files.write("a", &changed), &key(1).1).unwrap_err();
        assert!(matches!(&error, BundleError::Damaged(it) if it == what), "{error}");
    }
}

#[test]
fn an_older_bundle_never_replaces_a_newer_one() {
    let files = Files::new();
    let (old, new) = (files.bundle("old", &names(3), 4), files.bundle("new", &names(9), 5));
    let current = files.path("current");
    assert_eq!(install(&new, &current, &key(1).1, 0).unwrap().version(), 5);
    let error = install(&old, &current, &key(1).1, 0).unwrap_err();
    assert!(matches!(error, BundleError::Older { found: 4, have: 5 }), "{error}");
    assert_eq!(Bundle::open(&current, &key(1).1).unwrap().version(), 5);

    // Not even where the newer one was deleted.
    fs::remove_file(&current).unwrap();
    let error = install(&old, &current, &key(1).1, 5).unwrap_err();
    assert!(matches!(error, BundleError::Older { found: 4, have: 5 }), "{error}");
    assert!(!current.exists());
}

#[test]
fn a_version_is_given_once() {
    let files = Files::new();
    let (one, other) = (files.bundle("one", &names(3), 4), files.bundle("other", &names(9), 4));
    let current = files.path("current");
    install(&one, &current, &key(1).1, 0).unwrap();
    install(&one, &current, &key(1).1, 4).unwrap();
    let error = install(&other, &current, &key(1).1, 0).unwrap_err();
    assert!(matches!(error, BundleError::SameVersion(4)), "{error}");
}

#[test]
fn a_bad_bundle_leaves_the_old_one_in_force_and_nothing_beside_it() {
    let files = Files::new();
    let current = files.path("current");
    install(&files.bundle("first", &names(9), 1), &current, &key(1).1, 0).unwrap();
    let in_force = fs::read(&current).unwrap();
    let good = encode(&names(20_000), 2, NOW, &key(1).0).unwrap();
    let mut corrupt = good.clone();
    let middle = corrupt.len() - 5 * PAGE;
    corrupt[middle] ^= 1;
    let other_signer = encode(&names(10), 2, NOW, &key(2).0).unwrap();
    for bad in [&good[..good.len() / 2], &corrupt, &other_signer, b"not a bundle", b""] {
        install(&files.write("bad", bad), &current, &key(1).1, 0).unwrap_err();
        assert_eq!(fs::read(&current).unwrap(), in_force);
    }
    let mut left: Vec<_> =
        fs::read_dir(files.folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["bad", "current", "first"]);
}

fn any_value() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(ValueKind::ALL);
    let text = prop_oneof![
        "[a-d]{1,3}(\\.[a-d]{1,3}){0,3}",
        "[0-9a-f]{32}",
        "[0-9A-F]{40}",
        "[0-9a-f]{64}",
        "[a-cA-C]{1,3} [0-9a-f]{40}",
        any::<[u8; 4]>().prop_map(|it| std::net::Ipv4Addr::from(it).to_string()),
        (any::<[u8; 4]>(), 1..=32u8).prop_map(|(it, len)| format!("{}/{len}", std::net::Ipv4Addr::from(it))),
        (any::<u128>(), 1..=128u8).prop_map(|(it, len)| format!("{}/{len}", std::net::Ipv6Addr::from(it))),
        "https?://[a-c]{1,2}\\.[a-c](:[0-9]{2,4})?(/[a-c%2]{0,4}){0,3}(\\?[a-c=&]{0,6})?",
        "(/[a-c]{1,3}){1,4}",
        "[a-c]{1,3}@[a-c]\\.[a-c]",
        any::<String>(),
    ];
    (kind, text).prop_filter_map("no value of the kind", |(kind, text)| Value::parse(kind, &text).ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn everything_that_went_in_is_found_and_nothing_else(
        known in prop::collection::btree_set((any_value(), 0..4u16), 0..60),
        others in prop::collection::vec(any_value(), 0..40),
    ) {
        let attributions: Vec<_> = (0..4).map(|n| attribution(&format!("family {n}"))).collect();
        let contents = Contents { values: known.clone(), attributions: attributions.clone(), sources: vec![], ..Contents::default() };
        let (bundle, _files) = open(&contents);
        bundle.verify_all().unwrap();
        prop_assert_eq!(bundle.counts().values().sum::<u64>(), known.len() as u64);
        for value in known.iter().map(|(value, _)| value).chain(&others) {
            let found = bundle.find(value).unwrap();
            let found: BTreeSet<_> = found.iter().filter(|met| !matches!(value, Value::AppId(id) if *id != met.value))
                .map(|met| met.attribution.clone()).collect();
            let expected: BTreeSet<_> = known.iter().filter(|(it, _)| it == value)
                .map(|(_, row)| attributions[usize::from(*row)].clone()).collect();
            prop_assert_eq!(found, expected, "{:?}", value);
        }
    }

    #[test]
    fn no_file_makes_opening_panic(noise in prop::collection::vec(any::<u8>(), 0..400), at in 0..4_000usize) {
        let files = Files::new();
        let mut bytes = encode(&names(50), 1, NOW, &key(1).0).unwrap();
        for (offset, byte) in noise.iter().enumerate() {
            if let Some(to) = bytes.get_mut(at + offset) {
                *to = *byte;
            }
        }
        if let Ok(bundle) = Bundle::open(&files.write("a", &bytes), &key(1).1) {
            _ = bundle.verify_all();
            _ = bundle.find(&Value::Domain("n1.example.com".into()));
        }
    }

    #[test]
    fn canonical_forms_are_stable(value in any_value()) {
        let text = match &value {
            Value::Url(key) => match key.split_once(' ') {
                Some((host, rest)) => format!("http://{host}:{rest}"),
                None => format!("http://{key}"),
            },
            Value::Network(network) => network.to_string(),
            Value::Certificate(digest) | Value::FileHash(digest) => digest.hex(),
            Value::Domain(text) | Value::AppId(text) | Value::SignedApp(text) | Value::Process(text)
            | Value::FilePath(text) | Value::FileName(text) | Value::Profile(text) | Value::Email(text)
            | Value::Property(text) => text.clone(),
        };
        prop_assert_eq!(Value::parse(value.kind(), &text), Ok(value));
    }
}
