//! What a TLS client sends, cut into pieces as the first byte says: the digest must not depend on it.

#![no_main]

use agent_core::canary::ClientHelloReader;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    let mut whole = ClientHelloReader::new();
    whole.push(bytes);
    let mut cut = ClientHelloReader::new();
    for piece in bytes.chunks(usize::from(*piece) + 1) {
        cut.push(piece);
    }
    assert_eq!(cut.sha256(), whole.sha256());
});
