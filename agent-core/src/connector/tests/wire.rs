//! The shapes of messages.

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::connector::wire::{
    Challenge, DecisionClaims, EnrolmentProof, EnrolmentRequest, EnrolmentResponse, JwkSet, PolicyClaims,
    RequestClaims, SettingsClaims, SignedRefusal,
};
use crate::connector::{
    Access, ConnectorError, Decision, Enrolment, EnrolmentPayload, Presented, Receipt, Refusal, RefusalCode,
    ResourceAccess,
};
use crate::model::{Level, RiskLevel, SpkiPin, TransportSettings};
use crate::report::SetClaims;

use crate::report::Replaced;

use super::support::{NOW, TestKey, enrolment};

#[test]
fn messages_are_serialized_like_this() {
    let receipt = Receipt {
        iss: "https://mtd.example/mtd/acme".to_owned(),
        jti: "j1".to_owned(),
        sha256: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU".to_owned(),
        seq: 42,
        iat: NOW,
    };
    let blocked = ResourceAccess {
        name: "mail".to_owned(),
        access: Access::Block,
        reason: "level high is above the allowed low".to_owned(),
    };
    let decision = Decision {
        allowed_level: RiskLevel::Low,
        level: Some(Level::High),
        compliant: false,
        reason: blocked.reason.clone(),
        resources: vec![blocked],
        last_seq: Some(42),
        decided_at: NOW,
    };
    let refusal = Refusal {
        err: RefusalCode::InvalidIssuer,
        description: "iss is no device of this tenant".to_owned(),
    };
    let proof = EnrolmentProof {
        aud: "https://mtd.example/mtd/acme/enrol".to_owned(),
        challenge: "c2lnbiB0aGlz".to_owned(),
        tenant: "acme".to_owned(),
        token_sha256: receipt.sha256.clone(),
        jkt: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".to_owned(),
    };
    let request = RequestClaims {
        iss: "https://mtd.example/mtd/acme/d/d1".to_owned(),
        aud: receipt.iss.clone(),
        htm: "GET".to_owned(),
        htu: "https://mtd.example/mtd/acme/d/d1/decision".to_owned(),
        iat: NOW,
        jti: "BwcHBwcHBwcHBwcHBwcHBw".to_owned(),
    };
    insta::assert_json_snapshot!((receipt, decision, refusal, proof, request), @r#"
    [
      {
        "iss": "https://mtd.example/mtd/acme",
        "jti": "j1",
        "sha256": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
        "seq": 42,
        "iat": 1790000000
      },
      {
        "allowed_level": "low",
        "level": "high",
        "compliant": false,
        "reason": "level high is above the allowed low",
        "resources": [
          {
            "name": "mail",
            "access": "block",
            "reason": "level high is above the allowed low"
          }
        ],
        "last_seq": 42,
        "decided_at": 1790000000
      },
      {
        "err": "invalid_issuer",
        "description": "iss is no device of this tenant"
      },
      {
        "aud": "https://mtd.example/mtd/acme/enrol",
        "challenge": "c2lnbiB0aGlz",
        "tenant": "acme",
        "token_sha256": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
        "jkt": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
      },
      {
        "iss": "https://mtd.example/mtd/acme/d/d1",
        "aud": "https://mtd.example/mtd/acme",
        "htm": "GET",
        "htu": "https://mtd.example/mtd/acme/d/d1/decision",
        "iat": 1790000000,
        "jti": "BwcHBwcHBwcHBwcHBwcHBw"
      }
    ]
    "#);
}

/// The examples of `docs/wire.md` under a comment with the name of their type.
#[test]
fn the_examples_of_the_documentation_are_what_is_sent() {
    let page = include_str!("../../../../docs/wire.md");
    let mut checked = Vec::new();
    for section in page.split("<!-- ").skip(1) {
        let (name, rest) = section.split_once(" -->\n```json\n").unwrap();
        let example: Value = serde_json::from_str(rest.split_once("```").unwrap().0).unwrap();
        let again = match name {
            "EnrolmentPayload" => round_trip::<EnrolmentPayload>(&example),
            "Challenge" => round_trip::<Challenge>(&example),
            "EnrolmentRequest" => round_trip::<EnrolmentRequest>(&example),
            "EnrolmentProof" => round_trip::<EnrolmentProof>(&example),
            "EnrolmentResponse" => round_trip::<EnrolmentResponse>(&example),
            "SetClaims" => round_trip::<SetClaims>(&example),
            "Receipt" => round_trip::<Receipt>(&example),
            "SignedRefusal" => round_trip::<SignedRefusal>(&example),
            "RequestClaims" => round_trip::<RequestClaims>(&example),
            "SettingsClaims" => round_trip::<SettingsClaims>(&example),
            "PolicyClaims" => round_trip::<PolicyClaims>(&example),
            "DecisionClaims" => round_trip::<DecisionClaims>(&example),
            "Refusal" => round_trip::<Refusal>(&example),
            "JwkSet" => round_trip::<JwkSet>(&example),
            "TransportSettings" => round_trip::<TransportSettings>(&example),
            "Replaced" => round_trip::<Vec<Replaced>>(&example),
            other => panic!("{other} is no message"),
        };
        assert_eq!(again, example, "{name}");
        checked.push(name);
    }
    assert_eq!(checked.len(), 16, "{checked:?}");
}

fn round_trip<T: Serialize + DeserializeOwned>(example: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(example.clone()).unwrap()).unwrap()
}

#[test]
fn an_enrolment_reads_back() {
    let enrolment = enrolment("https://mtd.example", vec![SpkiPin::of_spki(b"a")], &TestKey::new());
    let json = serde_json::to_string(&enrolment).unwrap();
    assert_eq!(serde_json::from_str::<Enrolment>(&json).unwrap(), enrolment);
}

#[test]
fn a_description_is_cut_to_a_line_that_is_safe_to_show() {
    let long = format!(r#"{{"err":"access_denied","description":"no\n\u001b[31m{}"}}"#, "x".repeat(1000));
    let refusal = Refusal::read(long.as_bytes()).unwrap();
    assert!(refusal.description.starts_with("no[31mxxx"));
    assert_eq!(refusal.description.chars().count(), 300);
}

#[test]
fn an_interception_is_told_in_so_many_words() {
    let error = ConnectorError::PinMismatch {
        host: "mtd.example".to_owned(),
        pins: 2,
        seen: vec![SpkiPin::of_spki(b"")],
        presented: Presented::NobodyKnown,
    };
    assert_eq!(
        error.to_string(),
        "certificate of mtd.example does not match either pin (saw \
         sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=); the network may be intercepted: run `mtd scan`"
    );
}

proptest! {
    #[test]
    fn arbitrary_refusals_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Refusal::read(&bytes);
    }
}
