//! A canary's signed reply, and the members of one whose signature would verify.

#![no_main]

use agent_core::canary::{
    Content, ContentReply, KeySet, RedirectReply, Reply, Stamp, StampReply, TlsReply, sign, verify,
};
use mtd_fuzz::{NONCE, signer};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    read_members::<TlsReply>(bytes);
    read_members::<RedirectReply>(bytes);
    read_members::<ContentReply>(bytes);
    read_members::<StampReply>(bytes);

    let Ok(token) = std::str::from_utf8(bytes) else { return };
    check::<TlsReply>(token, ());
    check::<RedirectReply>(token, ());
    for kind in [Content::Echo, Content::Page, Content::Script, Content::Image] {
        check::<ContentReply>(token, kind);
    }
    for kind in [Stamp::Time, Stamp::Dns] {
        check::<StampReply>(token, kind);
    }
});

/// What verifies is, letter for letter, what the key signs: there is no second form of a reply.
fn check<R: Reply>(token: &str, kind: R::Kind) {
    let signer = signer(0);
    let keys = KeySet::new(vec![signer.public()]).expect("one key is a set");
    if let Ok(reply) = verify::<R>(token, kind, &NONCE, &keys) {
        assert_eq!(sign(&signer, kind, &reply).expect("a reply is JSON"), token);
    }
}

/// Members that are taken can be told again.
fn read_members<R: Reply>(bytes: &[u8]) {
    if let Ok(reply) = serde_json::from_slice::<R>(bytes) {
        serde_json::to_vec(&reply).expect("a reply is JSON");
    }
}
