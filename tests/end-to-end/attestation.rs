//! `mtd attestation show`, on real chains where they are at hand.

use std::path::{Path, PathBuf};

use crate::device::Device;

/// Within the terms of the chain that it is used for: 2025-09-26 and 2026-02-25.
const TERMS: [(&str, i64); 2] =
    [("caiman/sdk36/TEE_EC_RKP.pem", 1_758_900_680), ("tegu/sdk36/SB_EC_2026_ROOT.pem", 1_771_979_841)];

#[test]
fn real_chain_holds_in_its_term_and_is_told_in_words() {
    let Some(data) = data() else { return };
    let device = Device::new();
    for (name, at) in TERMS {
        let line = format!("attestation show {} --at {at}", data.join(name).display());
        let shown = device.mtd(&line).ends_with(0).says("holds").says("boot loader locked, system verified");
        shown.says("com.google.android.attestation").says("EC P-256, 256 bits, generated");
        let json = device.json(&line);
        assert_eq!((&json["holds"], &json["format"]), (&true.into(), &"android-key".into()));
        assert_eq!(json["chain"]["revocation_checked"], false);
    }
}

#[test]
fn a_factory_s_chain_that_has_ended_holds_and_is_told_as_such() {
    let Some(data) = data() else { return };
    let chain = data.join("sony-xperia10-iii/sdk33/TEE_EC.pem");
    let line = format!("attestation show {} --at 1780585145", chain.display());
    Device::new().mtd(&line).ends_with(0).says("in the factory; the term is over");
    assert_eq!(Device::new().json(&line)["chain"]["expired"], true);
}

#[test]
fn what_does_not_hold_says_which_rule_and_what_to_do() {
    let Some(data) = data() else { return };
    let device = Device::new();
    let (name, at) = TERMS[0];
    let chain = data.join(name);
    let chain = chain.display();
    let years_later = device.mtd(&format!("attestation show {chain} --at 1900000000")).ends_with(3);
    years_later.says("does not hold: validity: certificate 1 is valid from").says("enrol again");
    let other = device.mtd(&format!("attestation show {chain} --at {at} --challenge other")).ends_with(3);
    other.says("does not hold: challenge");
    let challenge = "d688d763-6118-4ca6-94b2-e6cd9ed7e4e4";
    device.mtd(&format!("attestation show {chain} --at {at} --challenge {challenge}")).ends_with(0);
    let list = r#"{"entries": {"f165849ef08b4658dd0a8ab95be53006": {"status": "REVOKED"}}}"#;
    device.file("status.json", list);
    let revoked = device.mtd(&format!("attestation show {chain} --at {at} --revoked status.json --json"));
    assert_eq!(revoked.ends_with(3).json()["refusal"]["rule"], "revoked");
    let software = data.join("marlin/sdk29/TEE_EC_NONE.pem");
    device.mtd(&format!("attestation show {}", software.display())).ends_with(3).says("does not hold: root");
}

#[test]
fn what_is_no_attestation_is_named() {
    let device = Device::new();
    device.file("empty.pem", "");
    device.file("list.json", "[]");
    let error = |line: &str| device.mtd(line).error().to_owned();
    assert!(error("attestation show absent.pem").starts_with("absent.pem: "));
    assert!(error("attestation show empty.pem").starts_with("empty.pem: no certificate"));
    device.file("chain.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert!(error("attestation show chain.pem").starts_with("chain.pem: encoding: "));
    assert!(error("attestation show chain.pem --revoked list.json").starts_with("list.json: "));
    assert!(error("attestation show chain.pem --roots empty.pem").starts_with("empty.pem: "));
}

fn data() -> Option<PathBuf> {
    let data = std::env::var_os("MTD_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from)
        .join("attestation/android");
    if !data.is_dir() {
        eprintln!("skipped: {} absent", data.display());
        return None;
    }
    Some(data.canonicalize().unwrap())
}
