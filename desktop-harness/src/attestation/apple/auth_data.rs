//! Authenticator data (WebAuthn Level 2, section 6.1) as App Attest fills it in.

use agent_core::model::Sha256;
use agent_core::report::jwk::PublicKey;
use ciborium::Value;

use super::{AppleRules, Attested, Environment, Statement, broken};
use crate::attestation::cbor;
use crate::attestation::refusal::{Refusal, Rule};

/// The flag "attested credential data included"; no other is set.
const ATTESTED_CREDENTIAL: u8 = 0x40;

const PRODUCTION: [u8; 16] = *b"appattest\0\0\0\0\0\0\0";
const DEVELOPMENT: [u8; 16] = *b"appattestdevelop";

// COSE_Key (RFC 9053, sections 2.1 and 7.1): labels, and the values of an ES256 key on P-256.
const COSE_KTY: i64 = 1;
const COSE_ALG: i64 = 3;
const COSE_CRV: i64 = -1;
const COSE_X: i64 = -2;
const COSE_Y: i64 = -3;
const COSE_EC2: i64 = 2;
const COSE_ES256: i64 = -7;
const COSE_P256: i64 = 1;

/// The fields.
pub(super) struct AuthData {
    pub(super) rp_id_hash: Sha256,
    pub(super) counter: u32,
    aaguid: [u8; 16],
    pub(super) credential_id: Sha256,
    key: PublicKey,
}

impl AuthData {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let short = || broken("authData is cut short");
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or_else(short)?;
        let (flags, rest) = rest.split_first().ok_or_else(short)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        if *flags != ATTESTED_CREDENTIAL {
            return Err(broken(format!("authData has the flags {flags:02x}, not 40")));
        }
        let (aaguid, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        if u16::from_be_bytes(*length) != 32 {
            return Err(broken("authData has a key identifier that is no SHA-256"));
        }
        let (credential_id, rest) = rest.split_first_chunk::<32>().ok_or_else(short)?;
        Ok(Self {
            rp_id_hash: Sha256::from_bytes(*rp_id_hash),
            counter: u32::from_be_bytes(*counter),
            aaguid: *aaguid,
            credential_id: Sha256::from_bytes(*credential_id),
            key: cose_key(rest)?,
        })
    }

    pub(super) fn environment(&self) -> Option<Environment> {
        match self.aaguid {
            PRODUCTION => Some(Environment::Production),
            DEVELOPMENT => Some(Environment::Development),
            _ => None,
        }
    }

    pub(super) fn statement(&self) -> Statement {
        Statement {
            app_id_sha256: self.rp_id_hash,
            environment: self.environment(),
            counter: self.counter,
            key_id: self.credential_id,
        }
    }

    /// That these are of the key of Apple's certificate, and that it is new.
    pub(super) fn judge_key(&self, leaf: &PublicKey) -> Result<(), Refusal> {
        if &self.key != leaf {
            return Err(Refusal::new(Rule::Key, "authData and certificate have different keys"));
        }
        let key_id = key_id(leaf);
        if self.credential_id != key_id {
            let saw = format!("authData names {}, the key is {key_id}", self.credential_id);
            return Err(Refusal::new(Rule::KeyIdentifier, saw));
        }
        if self.counter != 0 {
            return Err(Refusal::new(Rule::Counter, format!("the key has signed {} times", self.counter)));
        }
        Ok(())
    }

    /// Judges all fields; `leaf` is the key of Apple's certificate.
    pub(super) fn judge(&self, leaf: &PublicKey, rules: &AppleRules) -> Result<Attested, Refusal> {
        self.judge_key(leaf)?;
        let app_id = rules.app_ids.iter().find(|id| Sha256::of(id.as_bytes()) == self.rp_id_hash);
        let Some(app_id) = app_id else {
            let saw = format!("the app identifier's SHA-256 is {}", self.rp_id_hash);
            return Err(Refusal::new(Rule::Application, saw));
        };
        let environment = self.environment().filter(|environment| *environment == rules.environment);
        let Some(environment) = environment else {
            let saw = format!("{:?}, asked for is {:?}", self.environment(), rules.environment);
            return Err(Refusal::new(Rule::Environment, saw));
        };
        Ok(Attested { app_id: app_id.clone(), environment, key_id: self.credential_id })
    }
}

/// SHA-256 of the point, uncompressed: what Apple calls the key's identifier.
pub(super) fn key_id(key: &PublicKey) -> Sha256 {
    let spki = key.to_spki_der();
    // The point is the end of a SubjectPublicKeyInfo: 04, x, y.
    let (_, point) = spki.split_at(spki.len().saturating_sub(65));
    Sha256::of(point)
}

fn cose_key(bytes: &[u8]) -> Result<PublicKey, Refusal> {
    let broken = |why: &str| broken(format!("authData's key: {why}"));
    let map = cbor::read(bytes).map_err(|error| broken(&error))?;
    let map = map.into_map().map_err(|_| broken("no map"))?;
    let get = |label: i64| map.iter().find(|(key, _)| is(key, label)).map(|(_, value)| value);
    for (label, expected) in [(COSE_KTY, COSE_EC2), (COSE_ALG, COSE_ES256), (COSE_CRV, COSE_P256)] {
        if !get(label).is_some_and(|value| is(value, expected)) {
            return Err(broken("not an ES256 key on P-256"));
        }
    }
    let coordinate = |label| get(label).and_then(Value::as_bytes).map(Vec::as_slice);
    let (Some(x), Some(y)) = (coordinate(COSE_X), coordinate(COSE_Y)) else {
        return Err(broken("no coordinates"));
    };
    if x.len() != 32 || map.len() != 5 {
        return Err(broken("not two coordinates of 32 bytes, or more than that"));
    }
    PublicKey::from_point(&[&[0x04], x, y].concat()).map_err(|error| broken(&error.to_string()))
}

fn is(value: &Value, number: i64) -> bool {
    value.as_integer() == Some(number.into())
}
