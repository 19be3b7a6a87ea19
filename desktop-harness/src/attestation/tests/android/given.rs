//! Real chains of real devices with the expected reading, where they are at hand.

use std::path::{Path, PathBuf};

use agent_core::model::{Sha256, Timestamp};
use agent_core::report::jwk::PublicKey;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::super::{
    AndroidApp, AndroidRules, AuthorizationList, BootState, Expected, Origin, Provisioning, Roots,
    SecurityLevel, Trust, read_statement, verify, verify_chain,
};
use crate::attestation::{Rule, pem};

pub(super) fn data() -> Option<PathBuf> {
    let data = std::env::var_os("MTD_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from)
        .join("attestation/android");
    if !data.is_dir() {
        eprintln!("skipped: {} absent", data.display());
        return None;
    }
    Some(data)
}

pub(super) struct Given {
    pub(super) name: String,
    pub(super) chain: Vec<Vec<u8>>,
    expected: Value,
}

impl Given {
    /// When the device made the key, by its own clock.
    pub(super) fn made_at(&self) -> Timestamp {
        let millis = self.expected["softwareEnforced"]["creationDateTime"].as_str().unwrap();
        Timestamp::from_unix(millis.parse::<i64>().unwrap() / 1000)
    }
}

pub(super) fn all(data: &Path) -> Vec<Given> {
    let mut given = Vec::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "pem") {
                let expected = std::fs::read_to_string(path.with_extension("json")).unwrap();
                // One has comments.
                let is_json = |line: &&str| !line.trim_start().starts_with("//");
                let expected: Vec<_> = expected.lines().filter(is_json).collect();
                given.push(Given {
                    name: path.strip_prefix(data).unwrap().display().to_string(),
                    chain: pem::certificates(&std::fs::read_to_string(&path).unwrap()).unwrap(),
                    expected: serde_json::from_str(&expected.concat()).unwrap(),
                });
            }
        }
    }
    given.sort_by(|left, right| left.name.cmp(&right.name));
    given
}

#[test]
fn pinned_roots_are_the_given_ones() {
    let Some(data) = data() else { return };
    let pems: Vec<String> = serde_json::from_slice(&std::fs::read(data.join("roots.json")).unwrap()).unwrap();
    let digests = pems.iter().map(|text| {
        let der = pem::certificates(text).unwrap().remove(0);
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).unwrap();
        Sha256::of(certificate.public_key().raw)
    });
    assert_eq!(Roots::google(), Roots::of(digests));
}

#[test]
fn every_field_of_every_statement_is_as_expected() {
    let Some(data) = data() else { return };
    let given = all(&data);
    assert!(given.len() >= 17, "{} chains", given.len());
    for chain in given {
        let description = read_statement(&chain.chain).unwrap();
        let read = json!({
            "attestationVersion": description.attestation_version.to_string(),
            "attestationSecurityLevel": level(description.attestation_security_level),
            "keyMintVersion": description.keymint_version.to_string(),
            "keyMintSecurityLevel": level(description.keymint_security_level),
            "attestationChallenge": BASE64_STANDARD.encode(&description.attestation_challenge.0),
            "uniqueId": BASE64_STANDARD.encode(&description.unique_id.0),
            "softwareEnforced": list(&description.software_enforced),
            "hardwareEnforced": list(&description.hardware_enforced),
        });
        let mut expected = chain.expected;
        for list in ["softwareEnforced", "hardwareEnforced"] {
            // Statements whose tags are in disorder are not read at all, so it is true or not told.
            let ordered = expected[list].as_object_mut().unwrap().remove("areTagsOrdered");
            assert!(ordered.is_none_or(|ordered| ordered == true));
        }
        assert_eq!(read, expected, "{}", chain.name);
    }
}

#[test]
fn every_chain_holds_at_its_time_or_breaks_the_rule_that_it_breaks() {
    let Some(data) = data() else { return };
    for chain in all(&data) {
        let trust = Trust { roots: &Roots::google(), revoked: None, now: chain.made_at() };
        let outcome = verify_chain(&chain.chain, trust).map_err(|refusal| refusal.rule);
        let expected = match chain.name.split('/').next().unwrap() {
            // Software attestation.
            "marlin" => Err(Rule::Root),
            _ => Ok(()),
        };
        assert_eq!(outcome.as_ref().map(|_| ()).map_err(|rule| *rule), expected, "{}", chain.name);
        if let Ok(attested) = outcome {
            let is_remote =
                matches!(attested.provisioning, Provisioning::Remote { certificates_issued: Some(1..) });
            let is_from_the_factory = ["blueline", "sony"].iter().any(|it| chain.name.starts_with(it));
            assert_eq!(is_remote, !is_from_the_factory, "{}", chain.name);
            // Made ten days after the factory's certificates had ended.
            assert_eq!(attested.expired, chain.name.starts_with("sony"), "{}", chain.name);
        }
    }
}

#[test]
fn chains_from_the_factory_outlive_their_terms_and_no_other_does() {
    let Some(data) = data() else { return };
    let (before, after) = (Timestamp::from_unix(1_300_000_000), Timestamp::from_unix(2_500_000_000));
    for chain in all(&data).iter().filter(|it| !it.name.starts_with("marlin")) {
        let at = |now| verify_chain(&chain.chain, Trust { roots: &Roots::google(), revoked: None, now });
        let rule = |now| at(now).map_err(|refusal| refusal.rule).map(|attested| attested.expired);
        let is_from_the_factory = ["blueline", "sony"].iter().any(|it| chain.name.starts_with(it));
        let later = if is_from_the_factory { Ok(true) } else { Err(Rule::Validity) };
        assert_eq!(rule(after), later, "{}", chain.name);
        assert_eq!(rule(before), Err(Rule::Validity), "{}", chain.name);
    }
}

/// What real devices state, against rules that name their app: the locked ones with a signing P-256 key pass.
#[test]
fn real_devices_meet_the_rules_that_they_meet() {
    let Some(data) = data() else { return };
    for chain in all(&data) {
        let description = read_statement(&chain.chain).unwrap();
        let app = description.software_enforced.attestation_application_id.clone().unwrap();
        let apps = app
            .signers
            .first()
            .map(|signer| AndroidApp { package: app.packages[0].name.clone(), signer: *signer });
        let rules =
            AndroidRules { strongbox: false, apps: apps.into_iter().collect(), minimum_patch_level: None };
        let leaf = x509_parser::parse_x509_certificate(&chain.chain[0]).unwrap().1;
        let unrelated = PublicKey::from_point(&[&[4; 1][..], &[7; 64]].concat()).unwrap();
        let key = PublicKey::from_spki_der(leaf.public_key().raw).unwrap_or(unrelated);
        let expected = Expected { challenge: &description.attestation_challenge.0, key: &key, rules: &rules };
        let trust = Trust { roots: &Roots::google(), revoked: None, now: chain.made_at() };
        let outcome = verify(&chain.chain, trust, &expected).map(|_| ()).map_err(|refusal| refusal.rule);
        let (device, file) = chain.name.split_once('/').unwrap();
        let expected = match device {
            "marlin" => Err(Rule::Root),
            "sony-xperia10-iii" => Err(Rule::Digest),
            "akita" | "blueline" if file.contains("RSA") => Err(Rule::Algorithm),
            "akita" | "blueline" => Err(Rule::Digest),
            _ => Ok(()),
        };
        assert_eq!(outcome, expected, "{}", chain.name);
    }
}

fn level(level: SecurityLevel) -> &'static str {
    match level {
        SecurityLevel::Software => "SOFTWARE",
        SecurityLevel::TrustedEnvironment => "TRUSTED_ENVIRONMENT",
        SecurityLevel::Strongbox => "STRONG_BOX",
    }
}

/// A list in the words of the expected files. What they have no word for must be absent.
fn list(list: &AuthorizationList) -> Value {
    let mut json = match serde_json::to_value(list).unwrap() {
        Value::Object(fields) => fields,
        other => panic!("{other}"),
    };
    let mut told = serde_json::Map::new();
    for (ours, theirs) in [
        ("purpose", "purposes"),
        ("algorithm", "algorithms"),
        ("key_size", "keySize"),
        ("digest", "digests"),
        ("padding", "paddings"),
        ("ec_curve", "ecCurve"),
        ("rsa_public_exponent", "rsaPublicExponent"),
        ("no_auth_required", "noAuthRequired"),
        ("user_auth_type", "userAuthType"),
        ("auth_timeout", "authTimeout"),
        ("trusted_user_presence_required", "trustedUserPresenceRequired"),
        ("creation_date_time", "creationDateTime"),
        ("rollback_resistant", "rollbackResistant"),
        ("os_version", "osVersion"),
        ("os_patch_level", "osPatchLevel"),
        ("attestation_id_brand", "attestationIdBrand"),
        ("attestation_id_device", "attestationIdDevice"),
        ("attestation_id_product", "attestationIdProduct"),
        ("attestation_id_imei", "attestationIdImei"),
        ("attestation_id_second_imei", "attestationIdSecondImei"),
        ("attestation_id_manufacturer", "attestationIdManufacturer"),
        ("attestation_id_model", "attestationIdModel"),
        ("vendor_patch_level", "vendorPatchLevel"),
        ("boot_patch_level", "bootPatchLevel"),
    ] {
        if let Some(value) = json.remove(ours) {
            told.insert(theirs.to_owned(), worded(value));
        }
    }
    for ours in ["origin", "root_of_trust", "attestation_application_id", "module_hash"] {
        json.remove(ours);
    }
    assert!(json.is_empty(), "no word for {json:?}");
    let base64 = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    if let Some(origin) = list.origin {
        assert_eq!(origin, Origin::Generated);
        told.insert("origin".to_owned(), json!("GENERATED"));
    }
    if let Some(root) = &list.root_of_trust {
        let state = match root.verified_boot_state {
            BootState::Verified => "VERIFIED",
            BootState::SelfSigned => "SELF_SIGNED",
            BootState::Unverified => "UNVERIFIED",
            BootState::Failed => "FAILED",
        };
        let mut value = json!({
            "verifiedBootKey": base64(&root.verified_boot_key.0),
            "deviceLocked": root.device_locked,
            "verifiedBootState": state,
        });
        if let Some(hash) = &root.verified_boot_hash {
            value["verifiedBootHash"] = json!(base64(&hash.0));
        }
        told.insert("rootOfTrust".to_owned(), value);
    }
    if let Some(app) = &list.attestation_application_id {
        let packages: Vec<_> = app
            .packages
            .iter()
            .map(|package| json!({ "name": package.name, "version": package.version.to_string() }))
            .collect();
        let signatures: Vec<_> = app.signers.iter().map(|signer| base64(signer.as_bytes())).collect();
        let app = json!({ "packages": packages, "signatures": signatures });
        told.insert("attestationApplicationId".to_owned(), app);
    }
    if let Some(hash) = &list.module_hash {
        told.insert("moduleHash".to_owned(), json!(base64(&hash.0)));
    }
    Value::Object(told)
}

/// Numbers are text in the expected files.
fn worded(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::Array(items) => items.into_iter().map(worded).collect(),
        other => other,
    }
}
