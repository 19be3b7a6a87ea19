//! An organisation that inspects the traffic to its own connector.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use agent_core::model::{Detection, Finding, SpkiPin, Verdict};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::phone::Phone;
use crate::support::{Bench, TestClock, connect};

/// A proxy that opens TLS under a root of its own, and can take receipts away.
struct Proxy {
    url: String,
    root: SpkiPin,
    strips: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    async fn before(bench: &Bench) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (acceptor, root) = under_its_own_root();
        let strips = Arc::new(AtomicBool::new(false));
        let way = Way {
            connector: bench.running.addr,
            folder: bench.data_dir.path().to_owned(),
            clock: bench.clock.clone(),
            strips: Arc::clone(&strips),
        };
        let task = tokio::spawn(async move {
            loop {
                let (device, _) = listener.accept().await.unwrap();
                way.pass(&acceptor, device).await;
            }
        });
        Self { url, root, strips, task }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn under_its_own_root() -> (TlsAcceptor, SpkiPin) {
    let key = KeyPair::generate().unwrap();
    let root = SpkiPin::of_spki(&key.subject_public_key_info());
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Inspection");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone(), certificate], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), root)
}

struct Way {
    connector: SocketAddr,
    folder: PathBuf,
    clock: TestClock,
    strips: Arc<AtomicBool>,
}

impl Way {
    async fn pass(&self, acceptor: &TlsAcceptor, device: TcpStream) {
        // A device that does not believe the certificate ends here.
        let Ok(device) = acceptor.accept(device).await else { return };
        let connector = connect(self.connector, &self.folder, &self.clock).await;
        let (mut from_device, mut to_device) = tokio::io::split(device);
        let (mut from_connector, mut to_connector) = tokio::io::split(connector);
        let strips = Arc::clone(&self.strips);
        let down = tokio::spawn(async move {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = from_connector.read(&mut buffer).await {
                let piece = &mut buffer[..read];
                let name = b"mtd-receipt:";
                if strips.load(Ordering::SeqCst)
                    && let Some(at) = piece.windows(name.len()).position(|window| window == name)
                {
                    piece[at..at + 3].copy_from_slice(b"xyz");
                }
                if to_device.write_all(piece).await.is_err() {
                    break;
                }
            }
        });
        tokio::spawn(async move {
            let _ = tokio::io::copy(&mut from_device, &mut to_connector).await;
            down.abort();
        });
    }
}

/// What a scan finds of the way.
async fn found(phone: &Phone) -> Vec<(Detection, Verdict)> {
    let of_the_way = [Detection::TlsInterception, Detection::ManagedInspection];
    let findings = phone.scan().await.findings.into_iter().filter(Finding::is_open);
    let told = findings.map(|it| (it.judgement.detection, it.judgement.verdict));
    told.filter(|(detection, _)| of_the_way.contains(detection)).collect()
}

#[tokio::test]
async fn declared_inspection_is_refused_until_the_pins_are_relaxed_and_receipts_hold_even_then() {
    let bench = Bench::start().await;
    let phone = Phone::enrolled(&bench.clock, bench.invite(), None).await;
    let proxy = Proxy::before(&bench).await;
    let (root, urls) = (proxy.root, vec![proxy.url.clone(), bench.running.url.clone()]);
    let relax = |settings: &mut desktop_harness::connector::TenantSettings| {
        settings.device.transport.get_or_insert_default().pins_relaxed_under_inspection = true;
    };
    let error = bench.connector.update_settings(relax).unwrap_err().to_string();
    assert!(error.contains("needs network.inspection_roots"), "{error}");
    bench
        .connector
        .update_settings(|settings| {
            settings.device.network.inspection_roots = vec![root];
            settings.device.transport.get_or_insert_default().urls = urls;
        })
        .unwrap();
    phone.deliver().await;

    // Declared, and not relaxed: the pins hold, and the second origin takes the reports.
    phone.scan().await;
    let summary = phone.deliver().await;
    assert_eq!((summary.still_queued, summary.scan_due), (0, false), "{summary:?}");
    assert_eq!(found(&phone).await, [(Detection::ManagedInspection, Verdict::Benign)]);

    bench.connector.update_settings(relax).unwrap();
    phone.deliver().await;
    phone.scan().await;
    let summary = phone.deliver().await;
    assert_eq!((summary.still_queued, summary.connections, summary.scan_due), (0, 1, false), "{summary:?}");
    assert_eq!(found(&phone).await, [(Detection::ManagedInspection, Verdict::Benign)]);

    // Whoever inspects can still take nothing away unseen.
    proxy.strips.store(true, Ordering::SeqCst);
    let queued = phone.agent.preview_report().unwrap();
    let summary = phone.deliver().await;
    assert!(summary.stopped.as_deref().unwrap().contains("202 without a valid receipt"), "{summary:?}");
    assert!(summary.scan_due);
    assert_eq!(phone.agent.preview_report().unwrap(), queued);
    let interception = (Detection::TlsInterception, Verdict::Suspicious);
    assert!(found(&phone).await.contains(&interception));

    proxy.strips.store(false, Ordering::SeqCst);
    bench.clock.advance(10);
    let summary = phone.deliver().await;
    assert_eq!(summary.still_queued, 0, "{summary:?}");
    assert!(!found(&phone).await.contains(&interception));
}
