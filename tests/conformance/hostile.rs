//! Forges the tokens of `hostile.toml` from an honest report. Knows JSON, base64 and the order of P-256, and nothing
//! of the code that it tests.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The order of P-256 (SEC 2, section 2.4.2).
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The word for a token that is good.
pub const ACCEPTED: &str = "accepted";

/// One row of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub rule: String,
    pub err: String,
    #[serde(default)]
    header: Edit,
    #[serde(default)]
    claims: Edit,
    #[serde(default)]
    signature: Signature,
    #[serde(default)]
    form: Form,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Edit {
    without: Vec<String>,
    set: BTreeMap<String, String>,
    add: BTreeMap<String, String>,
    text: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
enum Signature {
    #[default]
    #[serde(rename = "honest")]
    Honest,
    #[serde(rename = "by a stranger")]
    Stranger,
    #[serde(rename = "none")]
    None,
    #[serde(rename = "hmac of the public key")]
    Hmac256,
    #[serde(rename = "hmac-512 of the public key")]
    Hmac512,
    #[serde(rename = "256 bytes")]
    Rsa,
    #[serde(rename = "63 bytes")]
    Short,
    #[serde(rename = "65 bytes")]
    Long,
    #[serde(rename = "r and s zero")]
    Zero,
    #[serde(rename = "r zero")]
    ZeroR,
    #[serde(rename = "s zero")]
    ZeroS,
    #[serde(rename = "r is n")]
    RIsN,
    #[serde(rename = "s is n")]
    SIsN,
    #[serde(rename = "r and s as large as can be")]
    Largest,
    #[serde(rename = "der")]
    Der,
    #[serde(rename = "s then r")]
    Swapped,
    #[serde(rename = "of another report")]
    OfAnother,
    #[serde(rename = "n minus s")]
    Negated,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    #[default]
    Compact,
    #[serde(rename = "four parts")]
    FourParts,
    #[serde(rename = "five parts")]
    FiveParts,
    #[serde(rename = "two parts")]
    TwoParts,
    #[serde(rename = "one part")]
    OnePart,
    Detached,
    #[serde(rename = "flattened json")]
    Flattened,
    #[serde(rename = "general json")]
    General,
    #[serde(rename = "padded signature")]
    PaddedSignature,
    #[serde(rename = "padded header")]
    PaddedHeader,
    #[serde(rename = "unused bits set")]
    UnusedBits,
    #[serde(rename = "standard alphabet")]
    StandardAlphabet,
    #[serde(rename = "blank inside")]
    Blank,
    #[serde(rename = "tab inside")]
    Tab,
    #[serde(rename = "null inside")]
    Null,
    #[serde(rename = "percent encoded")]
    Percent,
    #[serde(rename = "byte order mark")]
    ByteOrderMark,
    #[serde(rename = "cyrillic letter")]
    Cyrillic,
    #[serde(rename = "too long")]
    TooLong,
}

/// The rows of `hostile.toml`, in its order.
pub fn cases() -> Vec<Case> {
    #[derive(Deserialize)]
    struct Table {
        token: Vec<Case>,
    }
    let table: Table = toml::from_str(include_str!("hostile.toml")).unwrap();
    table.token
}

/// What tokens are forged from. A signature is r and s, 64 bytes.
pub struct Forge<'a> {
    /// The device's public key as JWK.
    pub jwk: Value,
    /// Its thumbprint.
    pub kid: String,
    /// Its SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// Signs as the device.
    pub sign: &'a dyn Fn(&[u8]) -> Vec<u8>,
    /// Another key.
    pub stranger_jwk: Value,
    /// Signs with it.
    pub stranger: &'a dyn Fn(&[u8]) -> Vec<u8>,
    /// The claims of a good report, the first of its chain.
    pub claims: Value,
}

impl Forge<'_> {
    /// The token of `case`.
    pub fn token(&self, case: &Case) -> String {
        // Some alterations need a letter that a random signature may lack.
        (0..100).find_map(|_| self.attempt(case)).unwrap_or_else(|| panic!("{}: cannot be forged", case.name))
    }

    fn attempt(&self, case: &Case) -> Option<String> {
        let header = format!(r#"{{"alg":"ES256","typ":"secevent+jwt","kid":"{}"}}"#, self.kid);
        let header = encode(self.edited(&case.header, &serde_json::from_str(&header).unwrap()));
        let claims = encode(self.edited(&case.claims, self.claims.as_object().unwrap()));
        let input = format!("{header}.{claims}");
        let signature = encode(self.signature(case.signature, input.as_bytes()));
        form(case.form, &header, &claims, &signature)
    }

    /// The honest report.
    pub fn honest(&self) -> String {
        let header = format!(r#"{{"alg":"ES256","typ":"secevent+jwt","kid":"{}"}}"#, self.kid);
        let input = format!("{}.{}", encode(header), encode(self.claims.to_string()));
        format!("{input}.{}", encode((self.sign)(input.as_bytes())))
    }

    fn edited(&self, edit: &Edit, object: &Map<String, Value>) -> Vec<u8> {
        if let Some(text) = &edit.text {
            return self.filled(text);
        }
        let replaced = |name: &String| edit.without.contains(name) || edit.set.contains_key(name);
        let kept = object.iter().filter(|(name, _)| !replaced(name));
        let mut members: Vec<Vec<u8>> =
            kept.map(|(name, value)| format!("\"{name}\":{value}").into_bytes()).collect();
        for (name, value) in edit.set.iter().chain(&edit.add) {
            members.push([format!("\"{name}\":").as_bytes(), &self.filled(value)].concat());
        }
        [b"{".as_slice(), &members.join(b",".as_slice()), b"}"].concat()
    }

    /// `text` with what stands for something replaced.
    fn filled(&self, text: &str) -> Vec<u8> {
        let claim = |name: &str| self.claims[name].as_str().unwrap().to_owned();
        let subject = |name: &str| self.claims["sub_id"][name]["id"].as_str().unwrap().to_owned();
        let mut filled = text.to_owned();
        for (name, value) in [
            ("$kid", self.kid.clone()),
            ("$jwk", self.jwk.to_string()),
            ("$stranger_jwk", self.stranger_jwk.to_string()),
            ("$iss", claim("iss")),
            ("$aud", claim("aud")),
            ("$epoch", claim("mtd_epoch")),
            ("$device", subject("device")),
            ("$tenant", subject("tenant")),
        ] {
            filled = filled.replace(name, &value);
        }
        if filled.contains("$token") {
            filled = filled.replace("$token", &self.honest());
        }
        filled = filled.replace("$deep", &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)));
        filled = filled.replace("$mib", &"x".repeat(1024 * 1024));
        match filled.split_once("$ff") {
            Some((before, after)) => [before.as_bytes(), &[0xff], after.as_bytes()].concat(),
            None => filled.into_bytes(),
        }
    }

    fn signature(&self, how: Signature, input: &[u8]) -> Vec<u8> {
        let honest = (self.sign)(input);
        let (r, s) = honest.split_at(32);
        let hmac = |algorithm| {
            let key = ring::hmac::Key::new(algorithm, &self.spki);
            ring::hmac::sign(&key, input).as_ref().to_vec()
        };
        match how {
            Signature::Honest => honest,
            Signature::Stranger => (self.stranger)(input),
            Signature::None => Vec::new(),
            Signature::Hmac256 => hmac(ring::hmac::HMAC_SHA256),
            Signature::Hmac512 => hmac(ring::hmac::HMAC_SHA512),
            Signature::Rsa => vec![1; 256],
            Signature::Short => honest[..63].to_vec(),
            Signature::Long => [&honest, [0].as_slice()].concat(),
            Signature::Zero => vec![0; 64],
            Signature::ZeroR => [&[0; 32], s].concat(),
            Signature::ZeroS => [r, &[0; 32]].concat(),
            Signature::RIsN => [&N, s].concat(),
            Signature::SIsN => [r, &N].concat(),
            Signature::Largest => vec![0xff; 64],
            Signature::Der => der(r, s),
            Signature::Swapped => [s, r].concat(),
            Signature::OfAnother => (self.sign)(b"another report"),
            Signature::Negated => [r, &minus(&N, s)].concat(),
        }
    }
}

fn form(form: Form, header: &str, claims: &str, signature: &str) -> Option<String> {
    let token = format!("{header}.{claims}.{signature}");
    let inside = |text: &str| format!("{header}.{}{text}{}.{signature}", &claims[..8], &claims[8..]);
    let changed = |text: String| (text != token).then_some(text);
    match form {
        Form::Compact => Some(token),
        Form::FourParts => Some(format!("{token}.{signature}")),
        Form::FiveParts => Some(format!("{header}.{header}.{token}")),
        Form::TwoParts => Some(format!("{header}.{claims}")),
        Form::OnePart => Some(claims.to_owned()),
        Form::Detached => Some(format!("{header}..{signature}")),
        Form::Flattened => {
            Some(format!(r#"{{"protected":"{header}","payload":"{claims}","signature":"{signature}"}}"#))
        }
        Form::General => Some(format!(
            r#"{{"payload":"{claims}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
        )),
        Form::PaddedSignature => Some(format!("{token}==")),
        Form::PaddedHeader => Some(format!("{header}=.{claims}.{signature}")),
        Form::UnusedBits => {
            let last = ALPHABET.find(signature.chars().last()?)?;
            Some(format!("{}{}", &token[..token.len() - 1], &ALPHABET[last + 1..=last + 1]))
        }
        Form::StandardAlphabet => changed(token.replace('-', "+").replace('_', "/")),
        Form::Blank => Some(inside(" ")),
        Form::Tab => Some(inside("\t")),
        Form::Null => Some(inside("\0")),
        Form::Percent => Some(token.replace('.', "%2E")),
        Form::ByteOrderMark => Some(format!("\u{feff}{token}")),
        Form::Cyrillic => changed(token.replacen('a', "а", 1)),
        Form::TooLong => Some(format!("{token}{}", "A".repeat(1024 * 1024 + 1 - token.len()))),
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let body: Vec<u8> = [r, s].into_iter().flat_map(|half| [&[0x02, 33, 0], half].concat()).collect();
    [&[0x30, body.len() as u8], body.as_slice()].concat()
}

/// `whole - part`, big endian.
fn minus(whole: &[u8; 32], part: &[u8]) -> Vec<u8> {
    let mut difference = vec![0; 32];
    let mut borrow = 0;
    for index in (0..32).rev() {
        let digit = i16::from(whole[index]) - i16::from(part[index]) - borrow;
        difference[index] = digit.rem_euclid(256) as u8;
        borrow = i16::from(digit < 0);
    }
    difference
}
