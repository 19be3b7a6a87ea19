//! What a device delivered, in its normal form: to be the same on every platform and in every run.
//!
//! ```json
//! {
//!   "device": {"ownership": "corporate", "level": "secured", "compliant": true, "chain": "intact", …},
//!   "tokens": [{"signature": "ok", "receipt": "ok", "apps_named": [], "header": {…}, "claims": {…}}, …]
//! }
//! ```
//!
//! Every token is verified under the device's key, and its receipt under the connector's. What differs by its nature
//! is replaced or left out by the rules of [`super::normal`].

use std::collections::BTreeMap;

use agent_core::connector::wire::{connector_issuer, device_issuer, report_audience};
use agent_core::connector::{Receipt, token_digest};
use agent_core::inventory::{self, InventoryDelta};
use agent_core::model::{AppRecord, Timestamp};
use agent_core::platform::Clock;
use agent_core::report::jwk::PublicKey;
use agent_core::report::jws::{self, typ};
use agent_core::report::{DEVICE_REPORT, Expected, verify_report};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};

use super::normal::{Facts, Normalizer};
use crate::CliError;
use crate::connector::DeviceRow;
use crate::host::SystemClock;
use crate::world::{TRACKER, World};

/// The apps of the story.
const APPS: [&str; 2] = ["com.example.notes", TRACKER];

/// The story of `device`; the stage was set at `since`.
pub(super) fn of(world: &World, device: &DeviceRow, since: Timestamp) -> Result<Value, CliError> {
    let connector = &world.connector;
    let key = connector.device_key(&device.id)?.ok_or("the device is gone")?;
    let issuer = connector_issuer(&world.url, connector.tenant());
    let mut teller = Teller {
        issuer: device_issuer(&issuer, &device.id),
        audience: report_audience(&issuer),
        connector_issuer: issuer,
        device,
        key: &key,
        connector_key: &connector.public_key()?,
        normalizer: Normalizer::new()?,
        time: (since, SystemClock.now()),
        previous: None,
        apps: None,
    };
    let tokens = connector.tokens(&device.id)?;
    let receipts = connector.receipts(&device.id)?;
    let told: Result<Vec<_>, _> =
        tokens.iter().zip(&receipts).map(|(token, receipt)| teller.tell(token, receipt)).collect();
    Ok(json!({ "device": standing(device), "tokens": told? }))
}

/// What the connector makes of it all.
fn standing(device: &DeviceRow) -> Value {
    let DeviceRow { ownership, level, at_least, compliant, reason, chain, last_seq, resources, .. } = device;
    json!({
        "ownership": ownership, "level": level, "at_least": at_least, "compliant": compliant, "reason": reason,
        "chain": chain, "last_seq": last_seq, "resources": resources,
    })
}

struct Teller<'a> {
    issuer: String,
    audience: String,
    connector_issuer: String,
    device: &'a DeviceRow,
    key: &'a PublicKey,
    connector_key: &'a PublicKey,
    normalizer: Normalizer,
    time: (Timestamp, Timestamp),
    /// Digest of the token before.
    previous: Option<String>,
    /// The apps as shared so far.
    apps: Option<Vec<AppRecord>>,
}

impl Teller<'_> {
    fn tell(&mut self, token: &str, receipt: &str) -> Result<Value, CliError> {
        let payload = jws::payload_of(token)?;
        let claims: Value = serde_json::from_slice(&payload)?;
        let document = json!({ "header": header(token)?, "claims": claims });

        let mut known = BTreeMap::from([
            ("thumbprint of the device's key", self.key.thumbprint()),
            ("issuer of the device", self.issuer.clone()),
            ("audience of reports", self.audience.clone()),
            ("device", self.device.id.clone()),
            ("version of the agent", env!("CARGO_PKG_VERSION").to_owned()),
        ]);
        known.extend(self.previous.replace(token_digest(token)).map(|it| ("digest of the token before", it)));
        known.extend(self.apps_digest().map(|it| ("digest of the apps shared before", it)));
        self.follow_inventory(&claims)?;
        known.extend(self.apps_digest().map(|it| ("digest of the shared apps", it)));
        let facts = Facts { known, time: self.time };
        let mut told = self.normalizer.normalize(&document, &facts);
        if let Value::Object(members) = &mut told {
            members.insert("signature".to_owned(), self.signature(token));
            members.insert("receipt".to_owned(), self.receipt(&claims, token, receipt));
            members.insert("apps_named".to_owned(), named(&payload));
        }
        Ok(told)
    }

    fn signature(&self, token: &str) -> Value {
        let expected = Expected { iss: Some(&self.issuer), aud: Some(&self.audience) };
        match verify_report(token, self.key, expected) {
            Ok(_) => "ok".into(),
            Err(error) => format!("WRONG: {error}").into(),
        }
    }

    fn receipt(&self, claims: &Value, token: &str, receipt: &str) -> Value {
        match jws::verify_claims::<Receipt>(receipt, typ::RECEIPT, self.connector_key) {
            Ok(receipt)
                if receipt.iss == self.connector_issuer
                    && claims["jti"] == receipt.jti
                    && claims["mtd_seq"] == receipt.seq
                    && receipt.sha256 == token_digest(token) =>
            {
                "ok".into()
            }
            Ok(receipt) => format!("WRONG, for another report: {receipt:?}").into(),
            Err(error) => format!("WRONG: {error}").into(),
        }
    }

    fn apps_digest(&self) -> Option<String> {
        self.apps.as_deref().map(|apps| inventory::digest(apps).to_string())
    }

    /// Takes in what a report tells of the shared apps. A delta that does not fit leaves them as they were, and its
    /// digest is then told as wrong.
    fn follow_inventory(&mut self, claims: &Value) -> Result<(), CliError> {
        let Some(told) = claims["events"].get(DEVICE_REPORT).map(|report| &report["inventory"]) else {
            return Ok(());
        };
        match (told["kind"].as_str(), &self.apps) {
            (Some("full"), _) => self.apps = Some(serde_json::from_value(told["apps"].clone())?),
            (Some("delta"), Some(apps)) => {
                let delta: InventoryDelta = serde_json::from_value(told.clone())?;
                if let Ok(apps) = inventory::apply(apps, &delta) {
                    self.apps = Some(apps);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn header(token: &str) -> Result<Value, CliError> {
    let encoded = token.split('.').next().unwrap_or_default();
    Ok(serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(encoded)?)?)
}

/// The apps of the story that the payload names, anywhere in it.
fn named(payload: &[u8]) -> Value {
    let text = String::from_utf8_lossy(payload);
    APPS.iter().filter(|app| text.contains(**app)).copied().collect()
}

#[cfg(test)]
mod tests {
    use agent_core::model::{AppId, AppSource, Ownership, Sha256};
    use serde::Serialize;

    use super::*;
    use crate::connector::{ChainRow, ChainStatus};
    use crate::software_key::SoftwareKey;

    const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

    /// A device and a connector, and what they sign.
    struct Signers {
        device: SoftwareKey,
        connector: SoftwareKey,
    }

    impl Signers {
        fn new() -> Self {
            let key = || SoftwareKey::from_pkcs8(&SoftwareKey::generate().unwrap()).unwrap();
            Self { device: key(), connector: key() }
        }

        fn teller<'a>(&'a self, device: &'a DeviceRow) -> Teller<'a> {
            Teller {
                issuer: "https://c/d".to_owned(),
                audience: "https://c/set".to_owned(),
                connector_issuer: "https://c".to_owned(),
                device,
                key: self.device.public(),
                connector_key: self.connector.public(),
                normalizer: Normalizer::new().unwrap(),
                time: (NOW, NOW),
                previous: None,
                apps: None,
            }
        }

        fn receipt(&self, token: &str, seq: u64) -> String {
            let (iss, jti) = ("https://c".to_owned(), format!("jti {seq}"));
            let receipt = Receipt { iss, jti, sha256: token_digest(token), seq, iat: NOW };
            sign(typ::RECEIPT, &receipt, &self.connector)
        }
    }

    fn sign(typ: &str, claims: &impl Serialize, key: &SoftwareKey) -> String {
        jws::sign(typ, &serde_json::to_vec(claims).unwrap(), key).unwrap()
    }

    fn row() -> DeviceRow {
        DeviceRow {
            id: "d".to_owned(),
            tenant: "acme".to_owned(),
            ownership: Ownership::Corporate,
            key_protection: "software".to_owned(),
            keys: Vec::new(),
            attestation: None,
            enrolled_at: NOW,
            revoked_at: None,
            last_seen: NOW,
            last_seq: None,
            level: None,
            at_least: None,
            unresponsive: false,
            compliant: false,
            reason: String::new(),
            chain: ChainRow { status: ChainStatus::Intact, gaps: 0, forks: 0, regressions: 0 },
            problems: Vec::new(),
            resources: Vec::new(),
        }
    }

    fn claims(seq: u64, prev: Option<&str>, inventory: Value) -> Value {
        let mut claims = json!({
            "iss": "https://c/d", "aud": "https://c/set", "iat": NOW, "jti": format!("jti {seq}"), "mtd_seq": seq,
            "events": { DEVICE_REPORT: { "inventory": inventory } },
        });
        if let Some(token) = prev {
            claims["mtd_prev"] = token_digest(token).into();
        }
        claims
    }

    fn inventory_of(told: &Value) -> &Value {
        &told["claims"]["events"][DEVICE_REPORT]["inventory"]
    }

    #[test]
    fn token_under_another_key_is_told_wrong() {
        let (signers, impostor, device) = (Signers::new(), Signers::new(), row());
        let token = sign(typ::SECURITY_EVENT, &claims(1, None, Value::Null), &impostor.device);
        let told = signers.teller(&device).tell(&token, &signers.receipt(&token, 1)).unwrap();
        assert!(told["signature"].as_str().unwrap().starts_with("WRONG: "), "{told}");
        assert!(told["header"]["kid"].as_str().unwrap().starts_with("WRONG, not \"thumbprint"), "{told}");
        assert_eq!(told["receipt"], "ok");
    }

    #[test]
    fn receipt_for_another_report_or_by_another_key_is_told_wrong() {
        let (signers, impostor, device) = (Signers::new(), Signers::new(), row());
        let token = sign(typ::SECURITY_EVENT, &claims(1, None, Value::Null), &signers.device);
        let receipts = [
            signers.receipt("another token", 1),
            signers.receipt(&token, 2),
            impostor.receipt(&token, 1),
            token.clone(),
        ];
        for receipt in receipts {
            let told = signers.teller(&device).tell(&token, &receipt).unwrap();
            assert!(told["receipt"].as_str().unwrap().starts_with("WRONG"), "{told}");
        }
    }

    #[test]
    fn token_that_names_another_before_it_is_told_wrong() {
        let (signers, device) = (Signers::new(), row());
        let signed = |claims: &Value| sign(typ::SECURITY_EVENT, claims, &signers.device);
        let first = signed(&claims(1, None, Value::Null));
        for (prev, is_right) in [(Some(first.as_str()), true), (Some("another"), false), (None, false)] {
            let second = signed(&claims(2, prev, Value::Null));
            let mut teller = signers.teller(&device);
            teller.tell(&first, "").unwrap();
            let told = teller.tell(&second, "").unwrap();
            assert_eq!(told["claims"]["mtd_prev"] == "digest of the token before", is_right, "{told}");
        }
    }

    #[test]
    fn inventory_is_held_against_the_list_that_the_tokens_make_together() {
        let (signers, device) = (Signers::new(), row());
        let app = |id: &str| AppRecord { id: AppId::new(id), ..AppRecord::from_source(AppSource::Dpkg) };
        let (before, after) = ([app("a"), app(TRACKER)], [app("a")]);
        let full =
            json!({ "kind": "full", "apps": before, "withheld": 0, "sha256": inventory::digest(&before) });
        let right = inventory::delta(&before, &after);
        let wrong_end = InventoryDelta { sha256: Sha256::of(b"?"), ..right.clone() };
        let wrong_base = InventoryDelta { base_sha256: Sha256::of(b"?"), ..right.clone() };

        for (delta, base_is_right, end_is_right) in
            [(right, true, true), (wrong_end, true, false), (wrong_base, false, false)]
        {
            let mut teller = signers.teller(&device);
            let mut tell = |seq, inventory: Value| {
                let token = sign(typ::SECURITY_EVENT, &claims(seq, None, inventory), &signers.device);
                teller.tell(&token, "").unwrap()
            };
            let told = tell(1, full.clone());
            assert_eq!(inventory_of(&told)["sha256"], "digest of the shared apps", "{told}");
            let mut changed = serde_json::to_value(&delta).unwrap();
            changed["kind"] = "delta".into();
            let told = tell(2, changed);
            let told = inventory_of(&told);
            assert_eq!(told["base_sha256"] == "digest of the apps shared before", base_is_right, "{told}");
            assert_eq!(told["sha256"] == "digest of the shared apps", end_is_right, "{told}");
        }
    }
}
