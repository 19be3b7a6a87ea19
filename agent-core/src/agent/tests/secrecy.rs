//! Nothing of the inventory, the findings, the network or the invitation is readable below the data directory, in any
//! form: a raw search of every file, while the agent runs and after.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};

use super::support::*;
use super::uploads::{body, http};
use crate::agent::*;
use crate::connector::tests::support::{self, Behaviour, Server};
use crate::connector::{EnrolmentPayload, OneTimeToken, token_digest};
use crate::model::*;
use crate::report::jws::{self, typ};

const APP: &str = "com.planted.SecretClinic";
const LABEL: &str = "Label of SecretClinic";
const REASON: &str = "planted-reason-of-a-finding";
const NETWORK: &str = "planted-network-name";
const TOKEN: &str = "planted-one-time-token";
const WORDS: &str = "planted words of the connector";

/// Everything that must not be found, and what a token holds of it.
const PLANTED: [&str; 8] = [APP, LABEL, REASON, NETWORK, TOKEN, WORDS, MALWARE, "TrackView"];

/// `text` as it could be written down: itself, in UTF-16, hexadecimal, and in the middle of base64 of more.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![text.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)];
    forms.extend([hex.to_uppercase().into_bytes(), hex.into_bytes()]);
    for before in 0..3 {
        let around = [&vec![b'x'; before], text.as_bytes()].concat();
        // Only characters that hold bits of the text alone.
        let (from, to) = ((before * 8).div_ceil(6), around.len() * 8 / 6);
        forms.extend(
            [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD]
                .map(|engine| engine.encode(&around).as_bytes()[from..to].to_vec()),
        );
    }
    forms
}

fn every_file(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(every_file(&path)) } else { files.push(path) }
    }
    files
}

type Index = HashMap<[u8; 4], Vec<(&'static str, Vec<u8>)>>;

/// Every form of everything planted, by its first bytes: so one pass over a file finds them all.
static FORMS: LazyLock<Index> = LazyLock::new(|| {
    let mut index: HashMap<_, Vec<_>> = HashMap::new();
    for (text, form) in PLANTED.iter().flat_map(|text| forms(text).into_iter().map(|form| (*text, form))) {
        index.entry(*form.first_chunk().unwrap()).or_default().push((text, form));
    }
    index
});

/// What of [`PLANTED`] is in any file, and where.
fn found(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let mut found = BTreeSet::new();
    for path in every_file(folder) {
        let content = std::fs::read(&path).unwrap_or_default();
        for bytes in [content.as_slice(), path.to_string_lossy().as_bytes()] {
            for (at, start) in bytes.windows(4).enumerate() {
                let Some(candidates) = FORMS.get(start) else { continue };
                let here = candidates.iter().filter(|(_, form)| bytes[at..].starts_with(form));
                found.extend(here.map(|(text, _)| (*text, path.clone())));
            }
        }
    }
    found.into_iter().collect()
}

fn assert_hidden(device: &Device) {
    assert_eq!(found(device.folder.path()), [], "readable on the disk");
}

/// A connector that enrols one device, and then answers nothing more.
fn connector(key: &support::TestKey) -> impl FnOnce(&str) -> Behaviour + '_ {
    |url| {
        let device = format!("{url}/mtd/acme/d/d1");
        let settings = json!({
            "iss": format!("{url}/mtd/acme"), "aud": device, "iat": NOW, "settings": sharing(Ownership::Corporate),
        });
        let response = json!({
            "device_id": "d1", "iss": device, "aud": format!("{url}/mtd/acme/set"),
            "connector_jwk": key.public.to_jwk(), "epoch": "e1", "settings": key.sign(typ::SETTINGS, &settings),
        });
        let ok =
            |body: &str| support::answer("200 OK", "Content-Type: application/json\r\n", body.as_bytes());
        Behaviour::Answers(vec![ok(r#"{"challenge":"c2lnbiB0aGlz"}"#), ok(&response.to_string())])
    }
}

fn receipt(key: &support::TestKey, url: &str, upload: &Upload) -> UploadAnswer {
    let token = body(upload);
    let claims: Value = jws::peek_claims(&token).unwrap();
    let receipt = json!({
        "iss": format!("{url}/mtd/acme"), "jti": claims["jti"], "sha256": token_digest(&token), "seq": upload.seq,
        "iat": NOW,
    });
    http(202, vec![("mtd-receipt".to_owned(), key.sign(typ::RECEIPT, &receipt))], Vec::new())
}

#[test]
fn no_secret_is_readable_in_any_file_from_enrolment_to_delivery() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let key = support::TestKey::new();
    let server = runtime.block_on(Server::start_at(connector(&key)));
    let url = server.url();
    let device = Device::new();
    let pins = vec![server.ca.pin, SpkiPin::of_spki(b"backup")];
    let token = OneTimeToken::try_from(TOKEN.to_owned()).unwrap();
    let payload = EnrolmentPayload::new(&url, pins, token, "acme").unwrap();
    runtime.block_on(device.agent.enroll(payload, AMPLE)).unwrap();
    assert_hidden(&device);

    device.install([app(APP), app(MALWARE)].into_iter().chain((0..400).map(|n| app(&format!("{APP}{n}")))));
    device.host.script(|script| {
        script.network.name = Fact::known(NETWORK.into());
        script.posture.root_signs = Fact::known(vec![REASON.into()]);
    });
    device.scan();
    assert_hidden(&device);

    // Delivery that fails, a transfer that is under way, too large, refused, delivered.
    let summary = runtime.block_on(device.agent.deliver(AMPLE)).unwrap();
    assert!(summary.delivered.is_empty() && summary.still_queued > 1, "{summary:?}");
    assert_hidden(&device);
    device.clock.advance(60 * 60);
    let refusal = json!({"err": "invalid_request", "description": WORDS}).to_string();
    let mut outcomes =
        [http(413, Vec::new(), Vec::new()), http(400, Vec::new(), refusal.into_bytes())].into_iter();
    let mut sent = BTreeSet::new();
    while let Some(upload) = device.agent.next_upload().unwrap() {
        let is_readable = found(device.folder.path());
        assert!(is_readable.iter().all(|(_, path)| *path == upload.file), "{is_readable:?}");
        sent.extend(is_readable.into_iter().map(|(text, _)| text));
        let answer = match upload.size > 30_000 {
            true => outcomes.next(),
            false => None,
        };
        let answer = answer.unwrap_or_else(|| receipt(&key, &url, &upload));
        device.agent.upload_result(&upload.id, answer).unwrap();
        assert_hidden(&device);
    }
    assert!(sent.contains(APP) && sent.contains(MALWARE), "the search sees what is sent: {sent:?}");

    let inner = device.agent.inner().unwrap();
    inner.store.rotate_data_key(NOW).unwrap();
    drop(inner);
    assert_hidden(&device);
    device.scan();
    let device = device.reopened();
    assert_hidden(&device);
    assert!(device.agent.status().unwrap().queued > 0);
}

#[test]
fn the_search_finds_what_is_there_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    for text in PLANTED {
        let mut texts: Vec<Vec<u8>> =
            vec![text.into(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()];
        for before in ["", "a", "ab", "abc"] {
            let whole = format!("{before}{text} and more");
            texts.push(BASE64_URL_SAFE_NO_PAD.encode(&whole).into_bytes());
            texts.push(BASE64_STANDARD_NO_PAD.encode(&whole).into_bytes());
        }
        for bytes in texts {
            std::fs::write(folder.path().join("file"), &bytes).unwrap();
            assert!(found(folder.path()).iter().any(|(what, _)| *what == text), "{text}: {bytes:?}");
        }
    }
    std::fs::write(folder.path().join("file"), b"nothing").unwrap();
    assert_eq!(found(folder.path()), []);
}
