//! What threat intelligence costs: `cargo bench -p benches --bench intel`.
//!
//! One bundle of 2.5 million host names, 10,000 URLs, 5,000 app identifiers and 1,000 certificates is made; then it is opened and asked.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark ends at the first thing that is not as it expects"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agent_core::intel::bundle::{Attribution, Bundle, BundleKey, Contents, encode};
use agent_core::intel::value::{Value, ValueKind};
use agent_core::model::{AppId, AppRecord, AppSource, Severity, SignerDigest, ThreatCategory, Timestamp};
use benches::line;
use criterion::Criterion;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use url::Url;

const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);
const NAMES: u32 = 2_500_000;
const APP_IDS: u32 = 5_000;
const CERTIFICATES: u32 = 1_000;
const LISTED_URLS: u32 = 10_000;
/// An inventory, of which one app in a hundred is listed.
const APPS: u32 = 1_000;
/// URLs of each kind, so many that the pages of hits are read anew nearly each time.
const URLS: u32 = 50_000;

const GROUP: &str = "intel";
const PARSE: &str = "parse a URL";
const MISS: &str = "judge a URL that is not listed";
const PASSING: &str = "judge one that passes the filter";
const HIT: &str = "judge one that is listed";
const NEAR_HIT: &str = "judge one that is listed and at hand";
const READ: &str = "read the file";
const OPEN: &str = "open 2.5 million host names";
const APPS_CHECK: &str = "check 1,000 apps";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (path, key, bytes_of_names) = made(folder.path());
    let bundle = Bundle::open(&path, &key).unwrap();
    bundle.verify_all().unwrap();

    let output = folder.path().join("criterion");
    let mut criterion = Criterion::default()
        .output_directory(&output)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(40)
        .without_plots()
        .configure_from_args();
    let mut group = criterion.benchmark_group(GROUP);

    let unlisted = |passes: bool| {
        let hosts = (0..).map(unlisted_host).filter(|host| bundle.may_know(host) == passes);
        hosts.map(url_at).take(URLS as usize).collect::<Vec<_>>()
    };
    let (misses, passing) = (unlisted(false), unlisted(true));
    let hits: Vec<_> = (0..URLS).map(|n| url_at(listed_host(n.wrapping_mul(49_999) % NAMES))).collect();
    let (few_hits, apps) = (&hits[..50], inventory());

    let mut next = misses.iter().cycle();
    group.bench_function(PARSE, |b| b.iter(|| Url::parse(black_box(next.next().unwrap())).unwrap()));
    for (name, urls) in [(MISS, misses.as_slice()), (PASSING, &passing), (HIT, &hits), (NEAR_HIT, few_hits)] {
        let mut next = urls.iter().cycle();
        group.bench_function(name, |b| {
            b.iter(|| bundle.check_url(black_box(next.next().unwrap()), NOW).unwrap())
        });
    }
    group.bench_function(APPS_CHECK, |b| {
        b.iter(|| apps.iter().map(|app| bundle.check_app(app, NOW).unwrap().len()).sum::<usize>());
    });
    group.bench_function(READ, |b| b.iter(|| std::fs::read(&path).unwrap().len()));
    group.bench_function(OPEN, |b| b.iter(|| Bundle::open(&path, &key).unwrap()));
    group.finish();

    report(&output);
    let per_name = bytes_of_names as f64 / f64::from(NAMES);
    println!(
        "{:<44} {bytes_of_names:>12} {per_name:>10.2} bytes a host name",
        "size of a file of the host names alone"
    );
}

/// What a reader wants to know, in one table.
fn report(output: &Path) {
    println!("\n{:<44} {:>12} {:>10}", "median", "time", "ratio");
    for name in [PARSE, MISS, PASSING, HIT, NEAR_HIT, APPS_CHECK] {
        // What a filter on the command line left out was not measured.
        line(output, GROUP, name, PARSE).iter().for_each(|line| println!("{line}"));
    }
    line(output, GROUP, OPEN, READ).iter().for_each(|line| println!("{line}"));
}

/// A bundle below `folder`, the key that it is signed with, and the length of one with nothing but its host names.
fn made(folder: &Path) -> (PathBuf, BundleKey, usize) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let mut contents = Contents { attributions: vec![attribution()], ..Contents::default() };
    contents.values.extend((0..NAMES).map(|n| (Value::Domain(listed_host(n)), 0)));
    let bytes_of_names = encode(&contents, 1, NOW, &pair).unwrap().len();
    contents.values.extend((0..APP_IDS).map(|n| (Value::AppId(listed_app(n)), 0)));
    let certificate = |n| Value::parse(ValueKind::Certificate, &digest("listed", n)).unwrap();
    contents.values.extend((0..CERTIFICATES).map(|n| (certificate(n), 0)));

    let listed = |n| format!("https://files.sharing-{}.example/u{n}/payload.apk", n % 97);
    let urls = (0..LISTED_URLS).map(|n| Value::parse(ValueKind::Url, &listed(n)).unwrap());
    contents.values.extend(urls.map(|value| (value, 0)));

    let path = folder.join("i.mtdi");
    std::fs::write(&path, encode(&contents, 1, NOW, &pair).unwrap()).unwrap();
    (path, BundleKey::from_bytes(pair.public_key().as_ref().try_into().unwrap()), bytes_of_names)
}

fn attribution() -> Attribution {
    Attribution {
        category: ThreatCategory::Phishing,
        family: "Sample".into(),
        source: "benchmark".into(),
        severity: Severity::High,
        confidence: None,
        reference: None,
        valid_from: None,
        valid_until: None,
        only_itself: false,
    }
}

fn listed_host(n: u32) -> String {
    format!("login{n}.secure-{}.example", n % 977)
}

fn unlisted_host(n: u32) -> String {
    format!("www.shop{n}.honest-{}.example", n % 977)
}

fn url_at(host: String) -> String {
    format!("https://{host}/account/overview?session=31415926&lang=en")
}

fn listed_app(n: u32) -> String {
    format!("com.listed.vendor{}.tracker{n}", n % 91)
}

fn digest(what: &str, n: u32) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("{what} {n}").as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn inventory() -> Vec<AppRecord> {
    let app = |n| {
        let id = if n % 100 == 0 { listed_app(n) } else { format!("com.honest.vendor{}.app{n}", n % 91) };
        let signer: SignerDigest = format!("sha256:{}", digest("honest", n % 300)).parse().unwrap();
        let mut app = AppRecord::from_source(AppSource::AndroidPackageManager);
        app.id = AppId::new(&id);
        app.signers = std::iter::once(signer).collect();
        app
    };
    (0..APPS).map(app).collect()
}
