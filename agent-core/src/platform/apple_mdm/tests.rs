//! Apple's responses, as devices sent them and as nobody should.

use std::path::PathBuf;

use super::{MdmError, profiles_from_mdm, roots_from_mdm};
use crate::platform::plist_tree::TreeError;

#[test]
fn profiles_of_a_real_response_are_told_with_their_payloads() {
    let Some(response) = shared("profile_list.plist") else { return };
    let profiles = profiles_from_mdm(&response).unwrap();
    let told: Vec<_> = profiles
        .iter()
        .map(|it| (it.identifier.as_str(), it.name.as_deref(), it.signed, it.managed))
        .collect();
    assert_eq!(
        told,
        [
            (
                "com.example.zentral.santa_configuration",
                Some("Zentral - Santa configuration"),
                Some(true),
                None
            ),
            ("com.example.zentral.mdm", Some("Zentral - MDM enrollment"), Some(true), None),
        ]
    );
    assert_eq!(profiles[0].organization.as_deref(), Some("Zentral"));
    assert_eq!(
        profiles[1].payload_types,
        ["com.apple.mdm", "com.apple.security.scep", "com.apple.security.pem"]
    );
}

#[test]
fn of_a_real_list_of_certificates_the_root_is_told_and_the_identity_is_not() {
    let Some(response) = shared("certificate_list.plist") else { return };
    let roots = roots_from_mdm(&response).unwrap();
    assert_eq!(roots.len(), 1);
    assert_eq!(
        crate::model::AddedRoot::from_der(&roots[0]).unwrap().subject.matches("Zentral CA").count(),
        1
    );
}

#[test]
fn binary_and_xml_tell_the_same() {
    for name in ["profile_list.plist", "certificate_list.plist"] {
        let Some(xml) = shared(name) else { return };
        let mut binary = Vec::new();
        plist::Value::from_reader_xml(&xml[..]).unwrap().to_writer_binary(&mut binary).unwrap();
        assert_eq!(profiles_from_mdm(&xml).ok(), profiles_from_mdm(&binary).ok(), "{name}");
        assert_eq!(roots_from_mdm(&xml).ok(), roots_from_mdm(&binary).ok(), "{name}");
    }
}

#[test]
fn an_intermediate_authority_and_a_leaf_are_no_roots() {
    let mut issuer = rcgen::CertificateParams::new(Vec::new()).unwrap();
    issuer.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    issuer.distinguished_name.push(rcgen::DnType::CommonName, "root");
    let key = rcgen::KeyPair::generate().unwrap();
    let root = issuer.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(issuer, key);
    let mut below = rcgen::CertificateParams::new(Vec::new()).unwrap();
    below.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    below.distinguished_name.push(rcgen::DnType::CommonName, "below");
    let below = below.signed_by(&rcgen::KeyPair::generate().unwrap(), &issuer).unwrap();
    let mut own = rcgen::CertificateParams::new(vec!["device.example".to_owned()]).unwrap();
    own.is_ca = rcgen::IsCa::ExplicitNoCa;
    let own = own.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();

    let list = [root.der(), below.der(), own.der()].map(|der| {
        let entry = [("Data".to_owned(), plist::Value::Data(der.to_vec()))];
        plist::Value::Dictionary(entry.into_iter().collect())
    });
    let response = response("CertificateList", list.to_vec());
    assert_eq!(roots_from_mdm(&response).unwrap(), [root.der().to_vec()]);
}

#[test]
fn each_fault_is_told_with_its_place() {
    let cases = [
        ("<integer>3</integer>", "ProfileList is not a list"),
        ("<array><string>x</string></array>", "ProfileList[0] is not a dictionary"),
        ("<array><dict></dict></array>", "ProfileList[0] has no PayloadIdentifier"),
        (
            "<array><dict><key>PayloadIdentifier</key><true/></dict></array>",
            "ProfileList[0].PayloadIdentifier is not a text",
        ),
        (
            "<array><dict><key>PayloadIdentifier</key><string>a</string><key>IsManaged</key><string>yes</string></dict></array>",
            "ProfileList[0].IsManaged is not yes or no",
        ),
        (
            "<array><dict><key>PayloadIdentifier</key><string>a</string><key>PayloadContent</key><array><dict/></array></dict></array>",
            "ProfileList[0].PayloadContent[0] has no PayloadType",
        ),
    ];
    for (list, told) in cases {
        let error = profiles_from_mdm(&xml("ProfileList", list)).unwrap_err().to_string();
        assert!(error.starts_with(told), "{error}");
    }
    let bad = "<array><dict><key>Data</key><data>AAAA</data></dict></array>";
    let error = roots_from_mdm(&xml("CertificateList", bad)).unwrap_err().to_string();
    assert!(error.starts_with("CertificateList[0].Data is not a certificate"), "{error}");
}

#[test]
fn another_answer_of_the_device_is_named() {
    let error = profiles_from_mdm(&xml("Status", "<string>NotNow</string>")).unwrap_err().to_string();
    assert!(error.contains("status is NotNow") && error.contains("send the command"), "{error}");
}

#[test]
fn what_no_device_sends_is_refused() {
    for input in [
        &b""[..],
        b"bplist00",
        b"bplist00\xff\xff\xff\xff\xff\xff",
        b"<plist><array/></plist>",
        b"{}",
        b"\x00",
    ] {
        assert!(matches!(profiles_from_mdm(input), Err(MdmError::Malformed { .. })), "{input:?}");
    }
    let deep = format!("{}{}", "<array>".repeat(64), "</array>".repeat(64));
    assert_eq!(fault(&xml("ProfileList", &deep)), TreeError::TooDeep);
    let wide = format!("<array>{}</array>", "<true/>".repeat(250_000));
    assert_eq!(fault(&xml("ProfileList", &wide)), TreeError::TooMuch);
    assert_eq!(fault(&xml("ProfileList", "<array/><key>ProfileList</key><array/>")), TreeError::DoubleKey);
    assert!(matches!(profiles_from_mdm(&vec![b' '; 9 << 20]), Err(MdmError::TooLarge { .. })));
    let many = format!("<array>{}</array>", "<dict/>".repeat(1001));
    let error = profiles_from_mdm(&xml("ProfileList", &many)).unwrap_err().to_string();
    assert!(error.starts_with("ProfileList has 1001 entries"), "{error}");
}

#[test]
fn a_response_that_is_cut_anywhere_is_an_error_and_no_panic() {
    let Some(whole) = shared("profile_list.plist") else { return };
    let mut binary = Vec::new();
    plist::Value::from_reader_xml(&whole[..]).unwrap().to_writer_binary(&mut binary).unwrap();
    for length in 0..binary.len() {
        assert!(profiles_from_mdm(&binary[..length]).is_err(), "{length}");
    }
}

fn fault(input: &[u8]) -> TreeError {
    match profiles_from_mdm(input) {
        Err(MdmError::Malformed { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

fn xml(key: &str, value: &str) -> Vec<u8> {
    format!("<plist version=\"1.0\"><dict><key>{key}</key>{value}</dict></plist>").into_bytes()
}

fn response(list: &str, entries: Vec<plist::Value>) -> Vec<u8> {
    let root = [(list.to_owned(), plist::Value::Array(entries))];
    let mut output = Vec::new();
    plist::Value::Dictionary(root.into_iter().collect()).to_writer_xml(&mut output).unwrap();
    output
}

/// A file of the public test data, where it is at hand.
fn shared(name: &str) -> Option<Vec<u8>> {
    let data = std::env::var_os("MTD_SHARED_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    let path = data.join("inventory/apple-mdm").join(name);
    if !path.exists() {
        eprintln!(
            "skipped: {} is not there; set MTD_SHARED_DATA to the folder of shared data",
            path.display()
        );
        return None;
    }
    Some(std::fs::read(&path).unwrap())
}
