use super::*;

#[test]
fn thumbprint_is_that_of_rfc_8037() {
    // RFC 8037, appendix A.3.
    assert_eq!(signer().kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(signer().public().thumbprint(), signer().kid());
}

#[test]
fn pkcs8_of_openssl_is_read() {
    // RFC 8410, section 10.3.
    let seed = "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842";
    let pkcs8 = unhex(&format!("302e020100300506032b657004220420{seed}"));
    let public = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
    let key = CanarySigner::from_pkcs8(&pkcs8).unwrap().public();
    assert_eq!(key.as_bytes().to_vec(), unhex(public));
    let mut truncated = pkcs8;
    truncated.pop();
    assert_eq!(CanarySigner::from_pkcs8(&truncated).err(), Some(InvalidCanaryKey::Private));
}

#[test]
fn signer_tells_no_secret_when_printed() {
    let printed = format!("{:?}", signer());
    assert_eq!(printed, format!("CanarySigner {{ kid: \"{}\", .. }}", signer().kid()));
}

#[test]
fn set_holds_one_or_two_different_keys() {
    let (one, other) = (signer().public(), other_signer().public());
    let third = CanaryKey::from_bytes([3; 32]);
    assert_eq!(KeySet::new(vec![]), Err(InvalidCanaryKey::Count(0)));
    assert_eq!(KeySet::new(vec![one, other, third]), Err(InvalidCanaryKey::Count(3)));
    assert_eq!(KeySet::new(vec![one, one]), Err(InvalidCanaryKey::Repeated));
    assert_eq!(KeySet::new(vec![one, other]).unwrap().keys(), [one, other]);
}

#[test]
fn key_whose_kid_is_of_another_is_refused() {
    let mut form = serde_json::to_value(signer().public()).unwrap();
    form["kid"] = other_signer().kid().into();
    let error = serde_json::from_value::<CanaryKey>(form).unwrap_err();
    assert!(error.to_string().contains("is not the RFC 7638 thumbprint"), "{error}");
}

#[test]
fn settings_have_one_json_form() {
    let settings = CanarySettings {
        name: "canary.example".to_owned(),
        addresses: vec!["192.0.2.80".parse().unwrap(), "2001:db8::80".parse().unwrap()],
        tls_port: 443,
        http_port: Some(80),
        dns_port: Some(53),
        zone: Some(ZONE.to_owned()),
        keys: KeySet::new(vec![signer().public(), other_signer().public()]).unwrap(),
        network: "AS64500".to_owned(),
        private_anchors: vec![crate::model::SpkiPin::of_spki(b"authority")],
    };
    insta::assert_json_snapshot!(settings);
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<CanarySettings>(&text).unwrap(), settings);
}

#[test]
fn smallest_settings_need_no_dns_and_no_clear_http() {
    let text = format!(
        r#"{{"name":"canary.example","tls_port":443,"keys":[{}],"network":"a"}}"#,
        serde_json::to_string(&signer().public()).unwrap()
    );
    let settings: CanarySettings = serde_json::from_str(&text).unwrap();
    assert_eq!((settings.http_port, settings.dns_port, settings.zone), (None, None, None));
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
