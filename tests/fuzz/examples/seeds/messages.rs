//! DNS, HTTP and TLS as they go over the wire.

use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::{Seed, seed};

const A: u16 = 1;
const CNAME: u16 = 5;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const OPT: u16 = 41;

/// `a.example`, the name that every question asks for.
const NAME: &[u8] = b"\x01a\x07example\0";

/// A pointer to the name in the question.
const POINTER: &[u8] = &[0xc0, 12];

pub fn dns() -> Vec<Seed> {
    let a = record(POINTER, A, &[198, 18, 3, 4]);
    let mut v6 = [0; 16];
    v6[..4].copy_from_slice(&[0x20, 1, 0, 2]);
    let text = [&[255][..], &[b'x'; 255], &[5], b"hello"].concat();
    let alias = record(POINTER, CNAME, b"\x01b\xc0\x0e");
    // A name that is reached by many steps back.
    let steps: Vec<u8> =
        [POINTER, &[0xc0, 39], &[0xc0, 41], &[0xc0, 43]].iter().flat_map(|step| step.to_vec()).collect();
    let stepped = [record(POINTER, 99, &steps), record(&[0xc0, 45], A, &[192, 0, 2, 1])].concat();
    vec![
        seed("a", message(A, 0x8180, 1, &a)),
        seed("a-twice", message(A, 0x8180, 2, &[a.clone(), a.clone()].concat())),
        seed("aaaa", message(AAAA, 0x8180, 1, &record(POINTER, AAAA, &v6))),
        seed("txt", message(TXT, 0x8180, 1, &record(POINTER, TXT, &text))),
        seed("alias", message(A, 0x8180, 2, &[alias, record(b"\x01b\xc0\x0e", A, &[192, 0, 2, 1])].concat())),
        seed("missing", message(A, 0x8183, 0, b"")),
        seed("cut-short", message(A, 0x8380, 0, b"")),
        seed("query", message(A, 0x0100, 0, b"")),
        seed("loop", [&message(A, 0x8180, 1, b"")[..], &[0xc0, 27, 0, 1, 0, 1]].concat()),
        seed("stepped", message(A, 0x8180, 2, &stepped)),
        seed("edns", message(A, 0x8180, 2, &[a, record(b"\0", OPT, b"\0\x0a\0\x02ab")].concat())),
    ]
}

pub fn dns_over_https() -> Vec<Seed> {
    let head = "\u{1}HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\n";
    let each = dns().into_iter().flat_map(|(name, message)| {
        let length = message.len();
        let counted = [format!("{head}Content-Length: {length}\r\n\r\n").as_bytes(), &message].concat();
        let chunk = format!("{head}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n");
        let chunked = [chunk.as_bytes(), &message, b"\r\n0\r\n\r\n"].concat();
        [(name.clone(), counted), (format!("{name}-chunked"), chunked)]
    });
    each.chain([seed("refused", "\u{1}HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]).collect()
}

pub fn http() -> Vec<Seed> {
    let each = [
        ("free", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("portal", "HTTP/1.1 302 Found\r\nLocation: http://gateway.local/login\r\nContent-Length: 0\r\n\r\n"),
        ("page", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\n\r\nSign in"),
        (
            "chunked",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nSign\r\n3\r\n in\r\n0\r\nA: b\r\n\r\n",
        ),
        ("until-closed", "HTTP/1.0 200 OK\n\nSign in"),
        ("interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
        ("canary", "HTTP/1.1 301 Moved\r\nMtd-Canary: e30.e30.AA\r\nLocation: https://c.example/\r\n\r\n"),
        ("not-http", "220 mail.example ESMTP\r\n"),
    ];
    each.into_iter().map(|(name, text)| seed(name, format!("\u{3}{text}"))).collect()
}

pub fn portal_api() -> Vec<Seed> {
    let told = [
        ("captive", r#"{"captive": true, "user-portal-url": "https://gateway.example/login"}"#),
        ("open", r#"{"captive": false, "seconds-remaining": 326, "can-extend-session": true}"#),
        ("array", r#"[true, "https://gateway.example/login"]"#),
        ("twice", r#"{"captive": true, "captive": false}"#),
        ("nested", r#"{"captive": false, "x": [[[{"y": []}]]], "user-portal-url": "\ud83d\ude00"}"#),
    ];
    let each = told.into_iter().flat_map(|(name, json)| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/captive+json\r\n";
        let response = format!("\u{3}{head}Content-Length: {}\r\n\r\n{json}", json.len());
        [seed(name, json), seed(&format!("{name}-response"), response)]
    });
    each.chain([seed("moved", "\u{3}HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")])
        .collect()
}

pub fn client_hello() -> Vec<Seed> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has both versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from("a.example").expect("a host name");
    let mut client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut hello = vec![0xff];
    client.write_tls(&mut hello).expect("memory takes everything");

    let message = &hello[6..];
    let records = message.chunks(40).flat_map(|part| [&[22, 3, 1, 0, part.len() as u8], part].concat());
    let fragmented = [7].into_iter().chain(records).collect::<Vec<_>>();
    vec![("whole".to_owned(), hello), ("fragmented".to_owned(), fragmented)]
}

/// An answer to question 0 for [`NAME`].
fn message(record: u16, flags: u16, answers: u16, rest: &[u8]) -> Vec<u8> {
    let counts = [0, flags, 1, answers, 0, 0].map(u16::to_be_bytes).concat();
    [&counts[..], NAME, &record.to_be_bytes(), &[0, 1], rest].concat()
}

fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let fixed = [&kind.to_be_bytes()[..], &[0, 1, 0, 0, 0, 60], &(data.len() as u16).to_be_bytes()].concat();
    [name, &fixed, data].concat()
}
