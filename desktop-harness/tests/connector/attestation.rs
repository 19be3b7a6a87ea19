//! Keys that a platform vouches for, enrolled over the wire: chains and objects of the real shape, under roots of our own.

use std::sync::Arc;

use agent_core::connector::{Client, ConnectorError, RefusalCode};
use agent_core::model::{Sha256, Timestamp};
use agent_core::platform::{
    Clock as _, DeviceKey, Es256Signature, KeyAttestation, KeyProtection, KeySlot, PlatformError,
    SystemEntropy,
};
use agent_core::report::jwk::PublicKey;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use desktop_harness::attestation::android::AndroidApp;
use desktop_harness::connector::AttestationFile;
use desktop_harness::software_key::SoftwareKeys;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, SerialNumber, SubjectPublicKeyInfo,
};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

use crate::support::Bench;

#[allow(dead_code, reason = "the statements of the unit tests; not every part is needed here")]
#[path = "../../src/attestation/tests/android/statement.rs"]
mod statement;

use statement::{PACKAGE, SIGNER, Statement, application, root_of_trust};

const APP_ID: &str = "A1B2C3D4E5.org.example.mtd";

#[tokio::test]
async fn attested_android_key_is_taken_and_told_with_what_it_was_attested_as() {
    let bench = bench().await;
    let phone = Phone::new(&bench, KeyProtection::TrustedEnvironment, Platform::Android(|_| {}));
    phone.enrol(&bench).await.unwrap();
    let device = bench.connector.devices().unwrap().pop().unwrap();
    assert_eq!(device.key_protection, "trusted_environment");
    let told = device.attestation.as_ref().unwrap().to_string();
    assert_eq!(told, "attested: trusted_environment, locked, verified boot, patch 202609, org.example.mtd");
    let json = serde_json::to_value(&device).unwrap();
    assert_eq!(json["attestation"]["format"], "android-key");
    assert_eq!(json["attestation"]["os_patch_level"], 202_609);
    assert_eq!(json["attestation"]["revocation_checked"], false);
}

/// The word of the platform counts, not the device's.
#[tokio::test]
async fn key_is_listed_as_it_is_attested_and_not_as_it_is_claimed() {
    let bench = bench().await;
    let phone = Phone::new(&bench, KeyProtection::StrongBox, Platform::Android(|_| {}));
    phone.enrol(&bench).await.unwrap();
    assert_eq!(bench.connector.devices().unwrap()[0].key_protection, "trusted_environment");
}

#[tokio::test]
async fn refused_attestation_names_its_rule_and_leaves_the_one_time_token() {
    let bench = bench().await;
    let cases: [(&str, Spoil); 5] = [
        ("attestation: device_locked: ", |it| drop(it.hardware.insert(704, root_of_trust(0, 2)))),
        ("attestation: encoding: ", |it| drop(it.hardware.insert(704, root_of_trust(1, 0)))),
        ("attestation: challenge: ", |it| it.challenge = b"of another connector".to_vec()),
        ("attestation: security_level: ", |it| it.keymint_level = 0),
        ("attestation: signer: ", |it| drop(it.software.insert(709, application(&[PACKAGE], &[[1; 32]])))),
    ];
    let invitation = bench.invite();
    for (expected, spoil) in cases {
        let phone = Phone::new(&bench, KeyProtection::TrustedEnvironment, Platform::Android(spoil));
        let error = phone.client.enrol(&invitation).await.unwrap_err();
        let (code, why) = refusal(&error);
        assert_eq!(code, RefusalCode::InvalidKey, "{why}");
        assert!(why.starts_with(expected), "{why}");
    }
    assert_eq!(bench.connector.devices().unwrap(), []);
    let phone = Phone::new(&bench, KeyProtection::TrustedEnvironment, Platform::Android(|_| {}));
    phone.client.enrol(&invitation).await.unwrap();
}

#[tokio::test]
async fn makers_roots_hold_where_no_other_is_installed() {
    let bench = bench().await;
    let phone = Phone::new(&bench, KeyProtection::TrustedEnvironment, Platform::Android(|_| {}));
    bench.connector.set_attestation_file(AttestationFile::AndroidRoots, None).unwrap();
    let error = phone.enrol(&bench).await.unwrap_err();
    assert!(refusal(&error).1.starts_with("attestation: root: "), "{error}");
    let trust = bench.connector.attestation_trust().unwrap();
    assert!(trust.google_roots && trust.revoked.is_none());
}

#[tokio::test]
async fn revoked_certificate_is_refused_once_the_list_is_installed() {
    let bench = bench().await;
    let list = |serial: &str| format!(r#"{{"entries": {{"{serial}": {{"status": "REVOKED"}}}}}}"#);
    let install = |serial: &str| {
        bench
            .connector
            .set_attestation_file(AttestationFile::Revoked, Some(list(serial).as_bytes()))
            .unwrap();
    };
    let phone = Phone::new(&bench, KeyProtection::TrustedEnvironment, Platform::Android(|_| {}));
    install("4d7f");
    let error = phone.enrol(&bench).await.unwrap_err();
    assert!(refusal(&error).1.starts_with("attestation: revoked: certificate 1 (serial 4d7f)"), "{error}");
    install("4d80");
    phone.enrol(&bench).await.unwrap();
    let trust = bench.connector.attestation_trust().unwrap();
    assert_eq!((trust.revoked, trust.revoked_installed_at), (Some(1), Some(bench.clock.now())));
}

#[tokio::test]
async fn claim_without_the_platforms_word_is_refused() {
    let bench = bench().await;
    for protection in
        [KeyProtection::TrustedEnvironment, KeyProtection::StrongBox, KeyProtection::SecureEnclave]
    {
        let error = Phone::new(&bench, protection, Platform::None).enrol(&bench).await.unwrap_err();
        let (code, why) = refusal(&error);
        assert_eq!(code, RefusalCode::InvalidKey);
        assert!(why.contains("needs the platform's attestation"), "{why}");
    }
    let phone = Phone::new(&bench, KeyProtection::SecureEnclave, Platform::Android(|_| {}));
    let error = phone.enrol(&bench).await.unwrap_err();
    assert!(refusal(&error).1.contains("of different platforms"), "{error}");
}

#[tokio::test]
async fn key_that_nobody_vouches_for_is_listed_as_software_where_these_are_taken() {
    let bench = bench().await;
    bench.connector.update_settings(|settings| settings.keys.software = true).unwrap();
    Phone::new(&bench, KeyProtection::StrongBox, Platform::None).enrol(&bench).await.unwrap();
    let device = bench.connector.devices().unwrap().pop().unwrap();
    assert_eq!((device.key_protection.as_str(), device.attestation), ("software", None));
    let unlocked: Spoil = |it| drop(it.hardware.insert(704, root_of_trust(0, 2)));
    let phone = Phone::new(&bench, KeyProtection::StrongBox, Platform::Android(unlocked));
    phone.enrol(&bench).await.unwrap_err();
}

#[tokio::test]
async fn attested_apple_key_is_taken_for_the_organisations_app_alone() {
    let bench = bench().await;
    let phone = Phone::new(&bench, KeyProtection::SecureEnclave, Platform::Apple);
    phone.enrol(&bench).await.unwrap();
    let device = bench.connector.devices().unwrap().pop().unwrap();
    assert_eq!(device.key_protection, "secure_enclave");
    let told = device.attestation.unwrap().to_string();
    assert_eq!(told, "attested by App Attest: A1B2C3D4E5.org.example.mtd, Production");
    bench.connector.update_settings(|settings| settings.keys.apple.app_ids.clear()).unwrap();
    let phone = Phone::new(&bench, KeyProtection::SecureEnclave, Platform::Apple);
    let error = phone.enrol(&bench).await.unwrap_err();
    assert!(refusal(&error).1.starts_with("attestation: application: "), "{error}");
}

#[tokio::test]
async fn file_that_cannot_be_used_changes_nothing() {
    let bench = bench().await;
    let before = bench.connector.attestation_trust().unwrap();
    for kind in [AttestationFile::AndroidRoots, AttestationFile::AppleRoot, AttestationFile::Revoked] {
        for broken in
            [&b""[..], b"{}", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", &[0xff]]
        {
            bench.connector.set_attestation_file(kind, Some(broken)).unwrap_err();
        }
    }
    assert_eq!(bench.connector.attestation_trust().unwrap(), before);
}

fn refusal(error: &ConnectorError) -> (RefusalCode, &str) {
    match error {
        ConnectorError::Refused(refusal) => (refusal.err, &refusal.description),
        other => panic!("{other:?}"),
    }
}

/// A connector that takes no software keys and knows the app of these phones.
async fn bench() -> Bench {
    let bench = Bench::start().await;
    bench
        .connector
        .update_settings(|settings| {
            settings.keys.software = false;
            let signer = Sha256::from_bytes(SIGNER);
            settings.keys.android.apps = vec![AndroidApp { package: PACKAGE.to_owned(), signer }];
            settings.keys.apple.app_ids = vec![APP_ID.to_owned()];
        })
        .unwrap();
    bench
}

struct Phone {
    client: Client,
    _folder: TempDir,
}

impl Phone {
    /// A phone whose maker's root the connector knows from now on.
    fn new(bench: &Bench, protection: KeyProtection, platform: Platform) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let maker = Maker::new(bench.clock.now());
        let root = maker.root.certificate(&maker.root);
        let root = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            BASE64_STANDARD.encode(root)
        );
        for kind in [AttestationFile::AndroidRoots, AttestationFile::AppleRoot] {
            bench.connector.set_attestation_file(kind, Some(root.as_bytes())).unwrap();
        }
        let keys = SoftwareKeys::in_folder(folder.path());
        let key = Arc::new(AttestedKey { keys, protection, platform, maker });
        let client = Client::new(key, Arc::new(bench.clock.clone()), Arc::new(SystemEntropy));
        Self { client, _folder: folder }
    }

    async fn enrol(&self, bench: &Bench) -> Result<(), ConnectorError> {
        self.client.enrol(&bench.invite()).await.map(|_| ())
    }
}

/// Makes a statement what it should not be.
type Spoil = fn(&mut Statement);

#[derive(Clone, Copy)]
enum Platform {
    None,
    Android(Spoil),
    Apple,
}

/// Keys in files, for which a maker of our own vouches as if they were in hardware.
struct AttestedKey {
    keys: SoftwareKeys,
    protection: KeyProtection,
    platform: Platform,
    maker: Maker,
}

impl DeviceKey for AttestedKey {
    fn public_key_spki_der(&self, slot: KeySlot) -> Result<Option<Vec<u8>>, PlatformError> {
        self.keys.public_key_spki_der(slot)
    }

    fn sign_es256(&self, slot: KeySlot, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        self.keys.sign_es256(slot, message)
    }

    fn protection(&self, _: KeySlot) -> Result<KeyProtection, PlatformError> {
        Ok(self.protection)
    }

    fn make_candidate(&self, challenge: &[u8]) -> Result<Option<KeyAttestation>, PlatformError> {
        self.keys.make_candidate(challenge)?;
        let spki = self.keys.public_key_spki_der(KeySlot::Candidate)?.unwrap();
        Ok(match self.platform {
            Platform::None => None,
            Platform::Android(spoil) => {
                let mut statement = Statement { challenge: challenge.to_vec(), ..Statement::default() };
                spoil(&mut statement);
                Some(KeyAttestation::AndroidKey { chain: self.maker.android(&spki, &statement) })
            }
            Platform::Apple => Some(self.maker.apple(&spki, challenge)),
        })
    }

    fn adopt_candidate(&self) -> Result<(), PlatformError> {
        self.keys.adopt_candidate()
    }
}

/// Root and intermediate of a maker.
struct Maker {
    root: Authority,
    intermediate: Authority,
}

struct Authority {
    key: KeyPair,
    params: CertificateParams,
}

impl Authority {
    fn new(name: &str, serial: &[u8], now: Timestamp) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.serial_number = Some(SerialNumber::from_slice(serial));
        let now = OffsetDateTime::from_unix_timestamp(now.unix()).unwrap();
        (params.not_before, params.not_after) = (now - Duration::days(1), now + Duration::days(9));
        Self { key: KeyPair::generate().unwrap(), params }
    }

    fn certificate(&self, issuer: &Self) -> Vec<u8> {
        issuer.issue(&self.params, &self.key)
    }

    fn issue(&self, params: &CertificateParams, key: &impl rcgen::PublicKeyData) -> Vec<u8> {
        params.signed_by(key, &Issuer::from_params(&self.params, &self.key)).unwrap().der().to_vec()
    }
}

impl Maker {
    fn new(now: Timestamp) -> Self {
        Self {
            root: Authority::new("Root", &[1], now),
            intermediate: Authority::new("Keystore", &[0x4d, 0x7f], now),
        }
    }

    fn android(&self, spki: &[u8], statement: &Statement) -> Vec<Vec<u8>> {
        let extension = (&[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17][..], statement.der());
        vec![
            self.leaf(&SubjectPublicKeyInfo::from_der(spki).unwrap(), extension),
            self.intermediate.certificate(&self.root),
            self.root.certificate(&self.root),
        ]
    }

    fn apple(&self, enrolled: &[u8], challenge: &[u8]) -> KeyAttestation {
        let key = KeyPair::generate().unwrap();
        let point = key.subject_public_key_info()[26..].to_vec();
        let key_id = *Sha256::of(&point).as_bytes();
        let cose =
            [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], &point[1..33], &[0x22, 0x58, 32], &point[33..]];
        let auth_data = [
            &Sha256::of(APP_ID.as_bytes()).as_bytes()[..],
            &[0x40, 0, 0, 0, 0],
            b"appattest\0\0\0\0\0\0\0",
            &[0, 32],
            &key_id,
            &cose.concat(),
        ]
        .concat();
        let thumbprint = PublicKey::from_spki_der(enrolled).unwrap().thumbprint();
        let client_data_hash = Sha256::of(&[challenge, thumbprint.as_bytes()].concat());
        let nonce = Sha256::of(&[&auth_data[..], client_data_hash.as_bytes()].concat());
        let nonce = [&[0x30, 0x24, 0xa1, 0x22, 0x04, 0x20], &nonce.as_bytes()[..]].concat();
        let leaf = self.leaf(&key, (&[1, 2, 840, 113_635, 100, 8, 2], nonce));
        let intermediate = self.intermediate.certificate(&self.root);
        let object = [
            &b"\xa3\x63fmt\x6fapple-appattest\x67attStmt\xa2\x63x5c\x82"[..],
            &cbor_bytes(&leaf),
            &cbor_bytes(&intermediate),
            b"\x67receipt\x43abc\x68authData",
            &cbor_bytes(&auth_data),
        ]
        .concat();
        KeyAttestation::AppleAppattest { key_id: BASE64_STANDARD.encode(key_id), object }
    }

    fn leaf(&self, key: &impl rcgen::PublicKeyData, (oid, content): (&[u64], Vec<u8>)) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "leaf");
        params.custom_extensions = vec![CustomExtension::from_oid_content(oid, content)];
        self.intermediate.issue(&params, key)
    }
}

/// A byte string of RFC 8949, section 3.1, below 64 KiB.
fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    [&[0x59][..], &u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}
