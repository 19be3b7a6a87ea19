//! Reports, one a line: verified one by one and as a chain, and their JSON read without a signature.

#![no_main]

use agent_core::report::jws::{payload_of, peek_claims};
use agent_core::report::{Expected, SetClaims, strict_json, verify_chain, verify_report};
use mtd_fuzz::device;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if strict_json::from_slice::<serde_json::Value>(bytes).is_ok() {
        assert!(serde_json::from_slice::<serde_json::Value>(bytes).is_ok());
    }
    if let Ok(claims) = strict_json::from_slice::<SetClaims>(bytes) {
        let again = serde_json::to_vec(&claims).expect("claims are JSON");
        assert_eq!(strict_json::from_slice::<SetClaims>(&again).expect("claims are read again"), claims);
    }

    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let key = device();
    let tokens: Vec<_> = text.lines().collect();
    for token in &tokens {
        let verified = verify_report(token, &key, Expected::default());
        let peeked = peek_claims::<SetClaims>(token);
        assert!(peeked.is_ok() || verified.is_err());
        assert!(payload_of(token).is_ok() || verified.is_err());
    }
    let chain = verify_chain(&tokens, &key, Expected::default());
    assert_eq!(chain.tokens.len(), tokens.len());
});
