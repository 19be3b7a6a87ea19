//! The intelligence bundle: as a connector serves it, and as devices fetch it in parts.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agent_core::agent::{DeliveryHints, IntelDownload};
use agent_core::intel::bundle::{Attribution, Contents, encode};
use agent_core::intel::value::{Value, ValueKind};
use agent_core::model::{BundleKey, ThreatCategory, Timestamp};
use agent_core::platform::Clock as _;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::phone::Phone;
use crate::support::{Bench, Device, TestClock, raw};

fn signer() -> (Ed25519KeyPair, BundleKey) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let key = BundleKey::from_bytes(pair.public_key().as_ref().try_into().unwrap());
    (pair, key)
}

/// A bundle of three megabytes, so that it comes in several parts.
fn bundle(version: u64, built_at: Timestamp, pair: &Ed25519KeyPair) -> Vec<u8> {
    let mut contents = Contents::default();
    contents.attributions.push(Attribution {
        category: ThreatCategory::Phishing,
        family: "Sample".into(),
        source: "a-feed".into(),
        severity: ThreatCategory::Phishing.severity(),
        confidence: None,
        reference: None,
        valid_from: None,
        valid_until: None,
        only_itself: false,
    });
    for n in 0..400 {
        let url = format!("https://host{n}.test/{}", "x".repeat(7500));
        contents.values.insert((Value::parse(ValueKind::Url, &url).unwrap(), 0));
    }
    encode(&contents, version, built_at, pair).unwrap()
}

struct Scene {
    bench: Bench,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn start() -> Self {
        Self { bench: Bench::start().await, folder: tempfile::tempdir().unwrap() }
    }

    /// Has the connector serve `version`; the bytes.
    fn serve(&self, version: u64) -> Vec<u8> {
        let bytes = bundle(version, self.bench.clock.now(), &signer().0);
        let path = self.folder.path().join("built.mtdi");
        std::fs::write(&path, &bytes).unwrap();
        self.bench.connector.set_intel(&path, Some(signer().1)).unwrap();
        bytes
    }

    async fn phone(&self) -> Phone {
        Phone::enrolled(&self.bench.clock, self.bench.invite(), None).await
    }
}

fn in_force(phone: &Phone) -> Option<u64> {
    phone.agent.status().unwrap().intel.map(|intel| intel.version)
}

fn part_file(phone: &Phone) -> std::path::PathBuf {
    phone.folder.path().join("agent.mtdi.part")
}

#[tokio::test]
async fn a_bundle_reaches_a_device_once_and_the_next_one_replaces_it() {
    let scene = Scene::start().await;
    let phone = scene.phone().await;
    assert_eq!(phone.deliver().await.intel, None, "there is none");
    let bytes = scene.serve(3);
    assert!(bytes.len() > 2 * 1024 * 1024, "{} bytes are no test", bytes.len());
    let summary = phone.deliver().await;
    assert_eq!(summary.intel, Some(IntelDownload::Installed { version: 3 }), "{summary:?}");
    assert_eq!(summary.connections, 1, "over the connection of the rest");
    assert_eq!(in_force(&phone), Some(3));
    assert_eq!(std::fs::read(phone.folder.path().join("agent.mtdi")).unwrap(), bytes);
    let mode = std::fs::metadata(phone.folder.path().join("agent.mtdi")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
    assert!(!part_file(&phone).exists());
    assert_eq!(phone.deliver().await.intel, None, "it is still the newest");
    scene.serve(4);
    assert_eq!(phone.deliver().await.intel, Some(IntelDownload::Installed { version: 4 }));
}

/// A line to the connector that breaks off once it has carried so many bytes to the device.
struct Line {
    url: String,
    carried: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Line {
    async fn to(connector: SocketAddr, breaks_after: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let carried = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&carried);
        let task = tokio::spawn(async move {
            while counter.load(Ordering::SeqCst) < breaks_after {
                let (device, _) = listener.accept().await.unwrap();
                let connector = TcpStream::connect(connector).await.unwrap();
                carry(device, connector, &counter, breaks_after).await;
            }
        });
        Self { url, carried, task }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(device: TcpStream, connector: TcpStream, carried: &AtomicUsize, breaks_after: usize) {
    let (mut from_device, mut to_device) = device.into_split();
    let (mut from_connector, mut to_connector) = connector.into_split();
    let up = tokio::spawn(async move { tokio::io::copy(&mut from_device, &mut to_connector).await });
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from_connector.read(&mut buffer).await {
        if carried.fetch_add(read, Ordering::SeqCst) + read > breaks_after
            || to_device.write_all(&buffer[..read]).await.is_err()
        {
            break;
        }
    }
    up.abort();
}

#[tokio::test]
async fn a_download_that_broke_off_goes_on_where_it_was_after_a_restart() {
    let scene = Scene::start().await;
    let phone = scene.phone().await;
    let bytes = scene.serve(3);
    let bad = Line::to(scene.bench.running.addr, 1_600_000).await;
    let over = |line: &Line| {
        let urls = vec![line.url.clone()];
        let set = |settings: &mut desktop_harness::connector::TenantSettings| {
            settings.device.transport.get_or_insert_default().urls = urls;
        };
        scene.bench.connector.update_settings(set).unwrap();
    };
    over(&bad);
    let summary = phone.deliver().await;
    assert!(matches!(summary.intel, Some(IntelDownload::Failed { .. })), "{summary:?}");
    assert_eq!(in_force(&phone), None, "a part is nothing");
    let phone = phone.restarted();
    let progress = phone.agent.status().unwrap().intel_download.unwrap();
    assert_eq!(progress.total, bytes.len() as u64);
    assert!((1_400_000..1_600_000).contains(&progress.received), "{progress:?}");
    let mode = std::fs::metadata(part_file(&phone)).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);

    // The device knows no other way than the bad line: it is mended.
    let port = bad.url.rsplit_once(':').unwrap().1.parse().unwrap();
    drop(bad);
    let mended = scene.bench.connector.start_at(([127, 0, 0, 1], port).into()).await.unwrap();
    let summary = phone.deliver().await;
    assert_eq!(summary.intel, Some(IntelDownload::Installed { version: 3 }), "{summary:?}");
    assert_eq!(std::fs::read(phone.folder.path().join("agent.mtdi")).unwrap(), bytes);
    mended.stop().await;
}

#[tokio::test]
async fn what_has_come_is_not_fetched_again() {
    let scene = Scene::start().await;
    let phone = scene.phone().await;
    let bytes = scene.serve(3);
    // As a process leaves it that is killed in the middle, at a byte of no meaning.
    let bad = Line::to(scene.bench.running.addr, usize::MAX).await;
    let urls = vec![bad.url.clone()];
    let set = |settings: &mut desktop_harness::connector::TenantSettings| {
        settings.device.transport.get_or_insert_default().urls = urls;
    };
    scene.bench.connector.update_settings(set).unwrap();
    let cut = phone.agent.deliver(std::time::Duration::from_millis(1)).await.unwrap();
    assert_eq!(cut.intel, None);
    phone.deliver().await;
    let whole = bad.carried.load(Ordering::SeqCst);
    assert!(whole > bytes.len(), "{whole}");
    phone.deliver().await;
    assert!(bad.carried.load(Ordering::SeqCst) - whole < 20_000, "the entity tag is known");
}

#[tokio::test]
async fn a_damaged_part_is_found_out_and_fetched_anew() {
    let scene = Scene::start().await;
    let phone = scene.phone().await;
    let bytes = scene.serve(3);
    let bad = Line::to(scene.bench.running.addr, 1_600_000).await;
    let urls = vec![bad.url.clone(), scene.bench.running.url.clone()];
    let set = |settings: &mut desktop_harness::connector::TenantSettings| {
        settings.device.transport.get_or_insert_default().urls = urls;
    };
    scene.bench.connector.update_settings(set).unwrap();
    phone.deliver().await;
    drop(bad);
    // What a power cut can leave of pages that were never written.
    let mut part = std::fs::read(part_file(&phone)).unwrap();
    let middle = part.len() / 2;
    part[middle..middle + 4096].fill(0);
    std::fs::write(part_file(&phone), part).unwrap();
    let summary = phone.deliver().await;
    let Some(IntelDownload::Failed { why }) = &summary.intel else { panic!("{summary:?}") };
    assert!(why.contains("is damaged; it is fetched anew"), "{why}");
    assert!(!part_file(&phone).exists() && in_force(&phone).is_none());
    let summary = phone.deliver().await;
    assert_eq!(summary.intel, Some(IntelDownload::Installed { version: 3 }), "{summary:?}");
    assert_eq!(std::fs::read(phone.folder.path().join("agent.mtdi")).unwrap(), bytes);
}

#[tokio::test]
async fn a_folder_that_takes_no_file_costs_nothing_but_the_download() {
    let scene = Scene::start().await;
    let phone = scene.phone().await;
    scene.serve(3);
    std::fs::create_dir(part_file(&phone)).unwrap();
    let summary = phone.deliver().await;
    let Some(IntelDownload::Failed { why }) = &summary.intel else { panic!("{summary:?}") };
    assert!(why.starts_with("threat intelligence cannot be stored: "), "{why}");
    assert!(summary.decision.is_some() && in_force(&phone).is_none());
    std::fs::remove_dir(part_file(&phone)).unwrap();
    assert_eq!(phone.deliver().await.intel, None, "not at once again");
    scene.bench.clock.advance(3601);
    assert_eq!(phone.deliver().await.intel, Some(IntelDownload::Installed { version: 3 }));
}

#[tokio::test]
async fn a_bundle_of_another_signer_or_an_older_one_never_takes_force() {
    let scene = Scene::start().await;
    let phone = scene.phone().await;
    scene.serve(3);
    phone.deliver().await;
    // The connector's own tools refuse such things; somebody who has its folder does not ask them.
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let place = |bytes: &[u8], version: u64| {
        let sha256 = agent_core::model::Sha256::of(bytes).to_string();
        let folder = scene.bench.data_dir.path();
        std::fs::write(folder.join("intel-evil.mtdi"), bytes).unwrap();
        let database = rusqlite::Connection::open(folder.join("connector.db")).unwrap();
        let sql = "UPDATE intel SET version = ?1, sha256 = ?2, size = ?3, file = 'intel-evil.mtdi'";
        database.execute(sql, (version as i64, sha256, bytes.len() as i64)).unwrap();
    };
    place(&bundle(9, scene.bench.clock.now(), &stranger), 9);
    let summary = phone.deliver().await;
    let Some(IntelDownload::Refused { why }) = &summary.intel else { panic!("{summary:?}") };
    assert!(why.contains("signature does not verify"), "{why}");
    assert_eq!(in_force(&phone), Some(3));
    assert_eq!(phone.deliver().await.intel, None, "it is not fetched again");

    place(&bundle(2, scene.bench.clock.now(), &signer().0), 2);
    let summary = phone.deliver().await;
    let Some(IntelDownload::Failed { why }) = &summary.intel else { panic!("{summary:?}") };
    assert!(why.contains("version 2, older than version 3"), "{why}");
    place(&bundle(2, scene.bench.clock.now(), &signer().0), 8);
    let summary = phone.deliver().await;
    let Some(IntelDownload::Refused { why }) = &summary.intel else { panic!("{summary:?}") };
    assert!(why.contains("a roll-back is refused"), "{why}");
    assert_eq!(in_force(&phone), Some(3));
    assert!(!part_file(&phone).exists());
}

#[tokio::test]
async fn a_download_waits_while_traffic_costs_until_what_is_there_is_old() {
    let scene = Scene::start().await;
    let phone = scene.phone().await;
    scene.serve(3);
    let roaming = DeliveryHints { roaming: true, ..DeliveryHints::default() };
    let first = phone.deliver_with(roaming).await;
    assert_eq!(first.intel, Some(IntelDownload::Installed { version: 3 }), "there was none at all");
    scene.serve(4);
    let Some(IntelDownload::Waiting { why }) = phone.deliver_with(roaming).await.intel else { panic!() };
    assert_eq!(why, "the device is roaming");
    scene.bench.clock.advance(3 * 24 * 3600);
    assert_eq!(phone.deliver_with(roaming).await.intel, Some(IntelDownload::Installed { version: 4 }));
}

#[tokio::test]
async fn a_connector_serves_only_what_is_verified_and_newer() {
    let scene = Scene::start().await;
    let path = scene.folder.path().join("candidate.mtdi");
    let set = |key| scene.bench.connector.set_intel(&path, key).map_err(|error| error.to_string());
    std::fs::write(&path, "garbage").unwrap();
    assert!(set(None).unwrap_err().contains("whose bundles devices take is not set"));
    assert!(set(Some(signer().1)).unwrap_err().contains("not an intelligence bundle"));
    scene.serve(3);
    assert_eq!(scene.bench.connector.settings().unwrap().device.intel_key, Some(signer().1));
    std::fs::write(&path, bundle(2, scene.bench.clock.now(), &signer().0)).unwrap();
    assert!(set(None).unwrap_err().contains("older than version 3"));
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    std::fs::write(&path, bundle(5, scene.bench.clock.now(), &stranger)).unwrap();
    assert!(set(None).unwrap_err().contains("signature does not verify"));
    let mut damaged = bundle(5, scene.bench.clock.now(), &signer().0);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    assert!(set(None).unwrap_err().contains("is damaged"));
    assert_eq!(scene.bench.connector.intel().unwrap().unwrap().version, 3);
}

/// A request as a tool would send it; head and body of the answer.
async fn curl(bench: &Bench, device: &Device, headers: &str) -> (String, String) {
    let bearer = bearer(device, &bench.clock);
    let path = format!("/mtd/acme/d/{}/intel", device.enrolment.device_id);
    let request = format!(
        "GET {path} HTTP/1.1\r\nAuthorization: Bearer {bearer}\r\n{headers}Host: localhost\r\nConnection: close\r\n\r\n"
    );
    let answer = raw(bench, request.as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

fn bearer(device: &Device, clock: &TestClock) -> String {
    let claims = serde_json::json!({
        "iss": device.enrolment.iss, "aud": device.enrolment.connector_issuer(), "htm": "GET",
        "htu": format!("{}/intel", device.enrolment.iss), "iat": clock.now(), "jti": "j",
    });
    let typ = agent_core::report::jws::typ::REQUEST;
    device.sign_as(typ, &claims)
}

#[tokio::test]
async fn ranges_are_answered_as_the_standard_says() {
    let scene = Scene::start().await;
    let device = scene.bench.enrolled().await;
    let bytes = scene.serve(3);
    let (bench, size) = (&scene.bench, bytes.len());
    let served = bench.connector.intel().unwrap().unwrap();
    let etag = format!("\"3-{}\"", served.sha256);

    let (head, _) = curl(bench, &device, "").await;
    assert!(head.starts_with("http/1.1 200 ") && head.contains(&format!("content-length: {size}")), "{head}");
    assert!(head.contains(&format!("etag: {etag}")) && head.contains("accept-ranges: bytes"), "{head}");

    let (head, body) = curl(bench, &device, "Range: bytes=0-7\r\n").await;
    assert!(head.starts_with("http/1.1 206 "), "{head}");
    assert!(head.contains(&format!("content-range: bytes 0-7/{size}")), "{head}");
    assert_eq!(body, "MTDINTEL");

    let (head, body) = curl(bench, &device, &format!("Range: bytes=0-7\r\nIf-Range: {etag}\r\n")).await;
    assert!(head.starts_with("http/1.1 206 ") && body == "MTDINTEL", "{head}");
    let (head, _) = curl(bench, &device, "Range: bytes=0-7\r\nIf-Range: \"2-other\"\r\n").await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    let (head, _) = curl(bench, &device, "Range: bytes=0-1,4-5\r\n").await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    let (head, _) = curl(bench, &device, &format!("Range: bytes={size}-\r\n")).await;
    assert!(
        head.starts_with("http/1.1 416 ") && head.contains(&format!("content-range: bytes */{size}")),
        "{head}"
    );
    let (head, body) = curl(bench, &device, &format!("If-None-Match: \"x\", {etag}\r\n")).await;
    assert!(head.starts_with("http/1.1 304 ") && body.is_empty(), "{head}");

    let path = format!("/mtd/acme/d/{}/intel", device.enrolment.device_id);
    let answer = crate::support::get(bench, &path, "").await;
    assert!(answer.contains("authentication_failed"), "{answer}");
}
