//! A host for the tests, and reports to sign with it.

use std::sync::Mutex;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use crate::model::*;
pub use crate::platform::SystemEntropy;
use crate::platform::{Clock, Entropy, Es256Signature, PlatformError, Signer};
use crate::report::jwk::{Jwk, PublicKey};
use crate::report::*;

pub const NOW: Timestamp = Timestamp::from_unix(1_767_225_600);

/// A P-256 key in memory.
pub struct TestKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl TestKey {
    pub fn generate() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self { pair, random }
    }

    pub fn public(&self) -> PublicKey {
        let point = self.pair.public_key().as_ref();
        let coordinate = |range: std::ops::Range<usize>| BASE64_URL_SAFE_NO_PAD.encode(&point[range]);
        let jwk = Jwk { crv: "P-256".into(), kty: "EC".into(), x: coordinate(1..33), y: coordinate(33..65) };
        PublicKey::from_jwk(&jwk).unwrap()
    }

    pub fn raw_signature(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(&self.random, message).unwrap().as_ref().to_vec()
    }
}

impl Signer for TestKey {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        Ok(self.public().to_spki_der())
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        Ok(Es256Signature::Raw(self.raw_signature(message)))
    }
}

/// Always [`NOW`], moved by as many seconds as it was told.
#[derive(Default)]
pub struct TestClock(pub Mutex<i64>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        NOW.plus_seconds(*self.0.lock().unwrap())
    }
}

/// The same bytes at every run, for golden files.
pub struct SameEntropy;

impl Entropy for SameEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError> {
        buffer.fill(0xa5);
        Ok(())
    }
}

/// Everything that a [`Reporter`] borrows.
pub struct Host {
    pub issuer: Issuer,
    pub key: TestKey,
    pub clock: TestClock,
    pub entropy: Box<dyn Entropy>,
}

impl Host {
    pub fn new() -> Self {
        let issuer = Issuer {
            iss: "https://mtd.example/mtd/acme/d/d-7f3a".into(),
            aud: "https://mtd.example/mtd/acme/set".into(),
            device_id: "d-7f3a".into(),
            tenant: "acme".into(),
        };
        let entropy = Box::new(SystemEntropy);
        Self { issuer, key: TestKey::generate(), clock: TestClock::default(), entropy }
    }

    pub fn reporter(&self) -> Reporter<'_> {
        Reporter {
            toe: None,
            issuer: &self.issuer,
            txn: "scan-1",
            key: &self.key,
            clock: &self.clock,
            entropy: self.entropy.as_ref(),
        }
    }

    /// A chain of `length` changes of the level, each a minute after the one before.
    pub fn chain(&self, length: u64) -> Vec<String> {
        let mut position = first_position();
        let mut tokens = Vec::new();
        for _ in 0..length {
            let token = self.reporter().sign(&position, level_change()).unwrap().token;
            *self.clock.0.lock().unwrap() += 60;
            position = position_after(&position, &token);
            tokens.push(token);
        }
        tokens
    }
}

pub fn first_position() -> ChainPosition {
    ChainPosition { epoch: "enrolment-1".into(), seq: 1, prev: None }
}

pub fn position_after(position: &ChainPosition, token: &str) -> ChainPosition {
    ChainPosition {
        epoch: position.epoch.clone(),
        seq: position.seq + 1,
        prev: Some(Sha256::of(token.as_bytes())),
    }
}

pub fn level_change() -> Event {
    let mut change = RiskLevelChange::new(Level::High, Some(Level::Secured), NOW);
    change.risk_reason = Some("network.tls_interception".into());
    change.reason_admin.insert("en".into(), "TLS is intercepted".into());
    change.reason_user.insert("en".into(), "Someone is reading along on this network".into());
    change.reason_user.insert("ko".into(), "이 네트워크에서 통신 내용이 노출되고 있습니다".into());
    Event::RiskLevelChange(change)
}

/// A report in which every member and every state occurs.
pub fn rich_report() -> DeviceReport {
    let mut full = AppRecord::from_source(AppSource::AppleMdm);
    full.id = AppId::new("com.example.mail");
    full.version = Some("1042".into());
    full.short_version = Some("4.2".into());
    full.name = Some("Mail \"α\"".into());
    full.bundle_size = Some(5_368_709_120);
    full.dynamic_size = Some(0);
    full.validated = Some(true);
    full.managed = Some(false);
    full.installer = Some(String::new());
    full.signers = vec![SignerDigest::HashCode(7), SignerDigest::Sha256(Sha256::of(b"certificate"))];
    full.ad_hoc_code_signed = Some(false);
    full.app_store_vendable = Some(true);
    full.beta_app = Some(false);
    full.device_based_vpp = Some(true);
    full.debuggable = Some(false);
    full.system = Some(false);
    full.target_sdk = Some(35);

    let finding = |detection, subject: &str, severity, state| Finding {
        judgement: Judgement::new(detection, Verdict::Confirmed)
            .about(subject)
            .because("seen by the test")
            .with("issuer", "Evil Root"),
        severity,
        detected_at: NOW.plus_seconds(-600),
        last_seen_at: NOW,
        state,
        trace: Trace::default(),
    };
    DeviceReport {
        schema_version: SCHEMA_VERSION,
        part: Part::WHOLE,
        level: Level::High,
        at_least: RiskLevel::High,
        coverage: vec![
            CoverageItem { check: CheckId::TlsChain, coverage: Coverage::Complete },
            CoverageItem { check: CheckId::Captive, coverage: Coverage::Unknown { why: "time-out".into() } },
            CoverageItem {
                check: CheckId::Inventory,
                coverage: Coverage::NotPermitted { why: "QUERY_ALL_PACKAGES".into() },
            },
        ],
        posture: DevicePosture {
            platform: Platform::Android,
            model: Fact::known("Pixel 9".into()),
            os_name: Fact::known("Android".into()),
            os_version: Fact::known("16".into()),
            kernel_version: Fact::not_available("hidden from apps"),
            security_patch: Fact::known("2025-12-05".parse().unwrap()),
            storage_encrypted: Fact::known(true),
            screen_lock: Fact::not_permitted("not granted"),
            root_signs: Fact::known(vec!["su in /system/xbin".into()]),
            debug_flags: Fact::known(Vec::new()),
            os_build: Fact::known("BP2A.250605.031".into()),
            emulator_signs: Fact::known(vec!["hardware is goldfish".into()]),
            bootloader_locked: Fact::known(false),
            verified_boot: Fact::known(VerifiedBoot::Orange),
            developer_mode: Fact::known(true),
            ..DevicePosture::not_available(Platform::Android, "not needed here")
        },
        network: NetworkState {
            captive: Fact::not_available("no opinion"),
            proxied: Fact::known(false),
            vpn: Fact::known(true),
        },
        findings: vec![
            finding(Detection::TlsInterception, "mtd.example", Severity::High, FindingState::Open),
            finding(
                Detection::VpnActive,
                "",
                Severity::None,
                FindingState::Ignored { at: NOW, reason: "our own VPN".into() },
            ),
            finding(
                Detection::MaliciousApp,
                "com.example.tracker",
                Severity::High,
                FindingState::Resolved { at: NOW },
            ),
        ],
        inventory: InventoryReport::Full {
            apps: vec![full, AppRecord::from_source(AppSource::AppleMdm)],
            withheld: 12,
            sha256: Sha256::of(b"inventory"),
        },
        intel_version: Some("2026-01-01".into()),
        policy_version: 1,
        settings_version: 3,
        key_protection: KeyProtection::Software,
        dropped: 0,
        agent_version: "0.1.0".into(),
    }
}

pub fn rich_delta() -> DeviceReport {
    let mut report = rich_report();
    let InventoryReport::Full { apps, withheld, sha256 } = report.inventory else { unreachable!() };
    report.inventory = InventoryReport::Delta {
        base_sha256: Sha256::of(b"before"),
        changed: apps,
        removed: vec![
            AppKey { id: AppId::new("com.example.gone"), name: None },
            AppKey { id: None, name: Some("unnamed".into()) },
            AppKey { id: None, name: None },
        ],
        withheld,
        sha256,
    };
    report
}

pub fn device_report(report: DeviceReport) -> Event {
    Event::DeviceReport(Box::new(report))
}
