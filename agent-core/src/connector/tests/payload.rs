//! The enrolment payload.

use proptest::prelude::*;

use crate::connector::{EnrolmentPayload, OneTimeToken, PayloadError};
use crate::model::SpkiPin;

fn pins(count: u8) -> Vec<SpkiPin> {
    (0..count).map(|n| SpkiPin::of_spki(&[n])).collect()
}

fn payload(url: &str, pin_count: u8, token: &str, tenant: &str) -> Result<EnrolmentPayload, PayloadError> {
    EnrolmentPayload::new(url, pins(pin_count), OneTimeToken::try_from(token.to_owned())?, tenant)
}

#[test]
fn the_payload_is_serialized_like_this() {
    let payload = payload("https://mtd.example:8443/", 2, "dG9rZW4", "acme").unwrap();
    insta::assert_json_snapshot!(payload, @r#"
    {
      "url": "https://mtd.example:8443",
      "spki_pins": [
        "sha256/bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
        "sha256/S/USLzRFVMU73i67jNK349FgCtYxw4Wl18ziPHeFRZo="
      ],
      "token": "dG9rZW4",
      "tenant": "acme"
    }
    "#);
}

#[test]
fn only_an_https_origin_is_a_connector() {
    for url in [
        "http://mtd.example",
        "https://user@mtd.example",
        "https://mtd.example/path",
        "https://mtd.example/?query",
        "https://mtd.example/#fragment",
        "mtd.example",
        "",
    ] {
        assert_eq!(payload(url, 2, "t", "acme").unwrap_err(), PayloadError::Url, "{url}");
    }
    assert_eq!(payload("https://MTD.example:443/", 2, "t", "acme").unwrap().url(), "https://mtd.example");
    assert_eq!(payload("https://[::1]:8443", 2, "t", "acme").unwrap().url(), "https://[::1]:8443");
}

#[test]
fn fewer_than_two_different_pins_are_refused() {
    for count in [0, 1, 9] {
        assert_eq!(payload("https://a", count, "t", "acme").unwrap_err(), PayloadError::Pins);
    }
    let token = OneTimeToken::try_from("t".to_owned()).unwrap();
    let twice = [pins(1), pins(1)].concat();
    assert_eq!(EnrolmentPayload::new("https://a", twice, token, "acme").unwrap_err(), PayloadError::Pins);
}

#[test]
fn a_tenant_is_one_label_of_a_path() {
    for tenant in ["", "..", "a/b", "Acme", "a b", &"a".repeat(64)] {
        assert_eq!(payload("https://a", 2, "t", tenant).unwrap_err(), PayloadError::Tenant, "{tenant}");
    }
}

#[test]
fn the_token_is_never_shown() {
    let payload = payload("https://a", 2, "very-secret", "acme").unwrap();
    assert!(!format!("{payload:?}").contains("very-secret"));
    let broken = serde_json::to_string(&payload).unwrap().replace("\"acme\"", "\"very secret tenant\"");
    assert_eq!(broken.parse::<EnrolmentPayload>().unwrap_err(), PayloadError::Tenant);
    let truncated = &serde_json::to_string(&payload).unwrap()[..150];
    assert!(!truncated.parse::<EnrolmentPayload>().unwrap_err().to_string().contains("very-secret"));
}

#[test]
fn a_repeated_member_is_refused() {
    let json = serde_json::to_string(&payload("https://a", 2, "t", "acme").unwrap()).unwrap();
    let twice = json.replacen('{', r#"{"tenant":"globex","#, 1);
    assert_eq!(twice.parse::<EnrolmentPayload>().unwrap_err(), PayloadError::Form);
}

proptest! {
    #[test]
    fn both_forms_read_back(host in "[a-z]{1,20}", port: u16, count in 2_u8..=8, token in "[A-Za-z0-9_-]{1,128}", tenant in "[a-z0-9-]{1,63}") {
        let payload = payload(&format!("https://{host}:{port}"), count, &token, &tenant).unwrap();
        prop_assert_eq!(&payload.to_line().unwrap().parse::<EnrolmentPayload>().unwrap(), &payload);
        let json = serde_json::to_string_pretty(&payload).unwrap();
        prop_assert_eq!(json.parse::<EnrolmentPayload>().unwrap(), payload);
    }

    #[test]
    fn arbitrary_text_never_panics(text in ".*") {
        let _ = text.parse::<EnrolmentPayload>();
        let _ = format!("mtd-enrol:{text}").parse::<EnrolmentPayload>();
    }

    #[test]
    fn a_changed_byte_never_panics(position in 0_usize..200, byte in 32_u8..127) {
        let mut line = payload("https://a", 2, "t", "acme").unwrap().to_line().unwrap().into_bytes();
        let position = position % line.len();
        line[position] = byte;
        let _ = String::from_utf8(line).unwrap().parse::<EnrolmentPayload>();
    }
}
