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
        connector_key: connector.public_key(),
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
