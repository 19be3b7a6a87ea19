use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use proptest::prelude::*;

use super::*;

#[test]
fn every_kind_verifies_as_itself() {
    let (signer, keys) = (signer(), keys());
    let token = sign(&signer, (), &tls_reply()).unwrap();
    assert_eq!(verify::<TlsReply>(&token, (), &nonce(), &keys), Ok(tls_reply()));
    let token = sign(&signer, (), &redirect_reply()).unwrap();
    assert_eq!(verify::<RedirectReply>(&token, (), &nonce(), &keys), Ok(redirect_reply()));
    for kind in [Content::Echo, Content::Page, Content::Script, Content::Image] {
        let token = sign(&signer, kind, &content_reply()).unwrap();
        assert_eq!(verify::<ContentReply>(&token, kind, &nonce(), &keys), Ok(content_reply()));
    }
    for kind in [Stamp::Time, Stamp::Dns] {
        let token = sign(&signer, kind, &stamp_reply()).unwrap();
        assert_eq!(verify::<StampReply>(&token, kind, &nonce(), &keys), Ok(stamp_reply()));
    }
}

#[test]
fn reply_of_one_kind_is_not_taken_for_another() {
    let token = sign(&signer(), Content::Page, &content_reply()).unwrap();
    for kind in [Content::Echo, Content::Script, Content::Image] {
        let refused = verify::<ContentReply>(&token, kind, &nonce(), &keys());
        assert_eq!(refused, Err(VerifyError::Kind { expected: ContentReply::typ(kind) }));
    }
    // A stamp has no member that content lacks: only the typ keeps them apart.
    let refused = verify::<StampReply>(&token, Stamp::Time, &nonce(), &keys());
    assert_eq!(refused, Err(VerifyError::Kind { expected: "mtd-canary-time+jws" }));
}

#[test]
fn replayed_reply_to_another_nonce_is_refused() {
    let token = sign(&signer(), (), &tls_reply()).unwrap();
    let asked = Nonce::from_bytes([1; 16]);
    assert_eq!(verify::<TlsReply>(&token, (), &asked, &keys()), Err(VerifyError::Nonce));
}

#[test]
fn reply_under_a_strange_key_is_refused() {
    let token = sign(&other_signer(), (), &tls_reply()).unwrap();
    assert_eq!(verify::<TlsReply>(&token, (), &nonce(), &keys()), Err(VerifyError::UnknownKey));
}

#[test]
fn both_keys_verify_during_a_rotation() {
    let keys = KeySet::new(vec![signer().public(), other_signer().public()]).unwrap();
    for signer in [signer(), other_signer()] {
        let token = sign(&signer, (), &tls_reply()).unwrap();
        assert!(verify::<TlsReply>(&token, (), &nonce(), &keys).is_ok());
    }
}

#[test]
fn strange_key_under_a_known_kid_is_refused() {
    let forged = forge(&other_signer(), &header("EdDSA", signer().kid()), &members(&tls_reply()));
    assert_eq!(verify::<TlsReply>(&forged, (), &nonce(), &keys()), Err(VerifyError::Signature));
}

#[test]
fn other_algorithms_and_header_members_are_refused() {
    let kid = signer().kid().to_owned();
    let with_more =
        format!(r#"{{"alg":"EdDSA","typ":"mtd-canary-tls+jws","kid":"{kid}","crit":["b64"],"b64":false}}"#);
    let list = format!(r#"["EdDSA","{}","{kid}"]"#, TlsReply::typ(()));
    for header in
        [header("none", &kid), header("HS256", &kid), with_more, list, "[]".to_owned(), String::new()]
    {
        let forged = forge(&signer(), &header, &members(&tls_reply()));
        assert_eq!(verify::<TlsReply>(&forged, (), &nonce(), &keys()), Err(VerifyError::Header), "{header}");
    }
}

#[test]
fn unknown_member_is_ignored_and_a_missing_or_repeated_one_refused() {
    let known = members(&stamp_reply());
    let body = known.trim_start_matches('{').trim_end_matches('}');
    let check = |members: &str| {
        let header = format!(r#"{{"alg":"EdDSA","typ":"mtd-canary-time+jws","kid":"{}"}}"#, signer().kid());
        verify::<StampReply>(&forge(&signer(), &header, members), Stamp::Time, &nonce(), &keys())
    };
    assert_eq!(check(&format!(r#"{{{body},"later":[1,2]}}"#)), Ok(stamp_reply()));
    assert!(matches!(check(r#"{"nonce":"00112233445566778899aabbccddeeff"}"#), Err(VerifyError::Members(_))));
    assert!(matches!(check(&format!(r#"{{{body},"peer":"192.0.2.9"}}"#)), Err(VerifyError::Members(_))));
    assert!(matches!(check(&format!("{known} {known}")), Err(VerifyError::Members(_))));
}

#[test]
fn oversize_token_is_not_looked_at() {
    let long = "a".repeat(MAX_TOKEN + 1);
    assert_eq!(verify::<TlsReply>(&long, (), &nonce(), &keys()), Err(VerifyError::TooLarge(MAX_TOKEN + 1)));
}

#[test]
fn longest_reply_fits_the_limit() {
    let location =
        format!("https://{}:65535/{}", ["a".repeat(63).as_str(); 4].join(".").split_at(253).0, nonce());
    let peer = "2001:db8:1111:2222:3333:4444:5555:6666".parse().unwrap();
    let token = sign(&signer(), (), &RedirectReply { location, peer, ..redirect_reply() }).unwrap();
    assert!(token.len() < MAX_TOKEN, "{}", token.len());
}

proptest! {
    #[test]
    fn arbitrary_text_never_verifies(token in ".{0,300}", dotted in "[A-Za-z0-9_-]{0,200}\\.[A-Za-z0-9_-]{0,200}\\.[A-Za-z0-9_-]{0,90}") {
        prop_assert!(verify::<TlsReply>(&token, (), &nonce(), &keys()).is_err());
        prop_assert!(verify::<TlsReply>(&dotted, (), &nonce(), &keys()).is_err());
    }

    #[test]
    fn signed_garbage_is_refused_without_a_panic(members in proptest::collection::vec(any::<u8>(), 0..200)) {
        let forged = forge_bytes(&signer(), header("EdDSA", signer().kid()).as_bytes(), &members);
        prop_assert!(verify::<TlsReply>(&forged, (), &nonce(), &keys()).is_err());
    }

    #[test]
    fn one_flipped_bit_is_refused(position in any::<prop::sample::Index>(), bit in 0..8u32) {
        let mut token = sign(&signer(), (), &tls_reply()).unwrap().into_bytes();
        let at = position.index(token.len());
        token[at] ^= 1 << bit;
        let token = String::from_utf8_lossy(&token);
        prop_assert!(verify::<TlsReply>(&token, (), &nonce(), &keys()).is_err());
    }

    #[test]
    fn any_reply_round_trips(
        nonce in any::<[u8; 16]>(), exporter in any::<[u8; 32]>(), digests in any::<[[u8; 32]; 2]>(), time in any::<i64>(),
        peer in any::<std::net::IpAddr>(),
    ) {
        let nonce = Nonce::from_bytes(nonce);
        let reply = TlsReply {
            nonce,
            server_time: Timestamp::from_unix(time),
            peer,
            tls_exporter: Exporter::from_bytes(exporter),
            client_hello_sha256: Sha256::from_bytes(digests[0]),
            request_as_received_sha256: Sha256::from_bytes(digests[1]),
        };
        let token = sign(&signer(), (), &reply).unwrap();
        prop_assert_eq!(verify::<TlsReply>(&token, (), &nonce, &keys()), Ok(reply));
    }
}

fn header(alg: &str, kid: &str) -> String {
    format!(r#"{{"alg":"{alg}","typ":"mtd-canary-tls+jws","kid":"{kid}"}}"#)
}

fn members(reply: &impl Reply) -> String {
    serde_json::to_string(reply).unwrap()
}

fn forge(signer: &CanarySigner, header: &str, members: &str) -> String {
    forge_bytes(signer, header.as_bytes(), members.as_bytes())
}

fn forge_bytes(signer: &CanarySigner, header: &[u8], members: &[u8]) -> String {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signing_input = format!("{}.{}", encode(header), encode(members));
    let signature = encode(&signer.sign(signing_input.as_bytes()));
    format!("{signing_input}.{signature}")
}
