//! The test vectors in `docs/canary.md` are what this code writes. `INSTA_UPDATE=always` rewrites them.

use std::path::Path;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::json;

use super::*;

const BEGIN: &str = "<!-- vectors -->\n```json\n";
const END: &str = "\n```\n";

#[test]
fn documented_vectors_are_what_is_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/canary.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (documented, after) = rest.split_once(END).unwrap();
    let written = vectors();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, format!("{before}{BEGIN}{written}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(documented, written, "docs/canary.md: run this test with INSTA_UPDATE=always and review");
}

fn vectors() -> String {
    let (signer, nonce) = (signer(), nonce());
    let content = |kind| sign(&signer, kind, &content_reply()).unwrap();
    let vectors = json!({
        "seed": BASE64_URL_SAFE_NO_PAD.encode(SEED),
        "key": signer.public(),
        "nonce": nonce,
        "zone": ZONE,
        "name": nonce_name(&nonce, ZONE),
        "a": address_v4(&nonce, ZONE),
        "aaaa": address_v6(&nonce, ZONE),
        "tls": sign(&signer, (), &tls_reply()).unwrap(),
        "redirect": sign(&signer, (), &redirect_reply()).unwrap(),
        "echo": content(Content::Echo),
        "page": content(Content::Page),
        "script": content(Content::Script),
        "image": content(Content::Image),
        "time": sign(&signer, Stamp::Time, &stamp_reply()).unwrap(),
        "dns": sign(&signer, Stamp::Dns, &stamp_reply()).unwrap(),
    });
    serde_json::to_string_pretty(&vectors).unwrap()
}
