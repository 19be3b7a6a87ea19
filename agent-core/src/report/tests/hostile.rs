//! Every rule has a token that breaks it, and is named by it.

#[path = "../../../../tests/conformance/hostile.rs"]
#[allow(dead_code, reason = "err is for the connector")]
mod forged;

use forged::{ACCEPTED, Forge, cases};

use super::support::*;
use crate::report::{Expected, jws, verify_report};

#[test]
fn every_hostile_token_is_refused_by_its_rule() {
    let host = Host::new();
    let honest = host.reporter().sign(&first_position(), level_change()).unwrap().token;
    let stranger = TestKey::generate();
    let public = host.key.public();
    let forge = Forge {
        jwk: serde_json::to_value(public.to_jwk()).unwrap(),
        kid: public.thumbprint(),
        spki: public.to_spki_der(),
        sign: &|input| host.key.raw_signature(input),
        stranger_jwk: serde_json::to_value(stranger.public().to_jwk()).unwrap(),
        stranger: &|input| stranger.raw_signature(input),
        claims: serde_json::from_slice(&jws::payload_of(&honest).unwrap()).unwrap(),
    };
    let expected = Expected { iss: Some(&host.issuer.iss), aud: Some(&host.issuer.aud) };
    let mut wrong = Vec::new();
    for case in cases() {
        let rule = match verify_report(&forge.token(&case), &public, expected) {
            Ok(_) => ACCEPTED,
            Err(error) => error.rule(),
        };
        if rule != case.rule {
            wrong.push(format!("{}: {rule}, not {}", case.name, case.rule));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
