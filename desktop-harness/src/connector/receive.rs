//! Reception of a report (RFC 8935, section 2): verify, find its place in the chain, store, sign for it.

use std::collections::BTreeMap;

use agent_core::connector::wire::{Receipt, SignedRefusal};
use agent_core::connector::{RefusalCode, token_digest};
use agent_core::model::{Level, RiskLevel, Timestamp};
use agent_core::report::jws::{self, VerifyError, typ};
use agent_core::report::{Absent, ChainLink, MAX_SEQUENCE, is_identifier};
use rusqlite::Transaction;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Connector;
use super::chain::{self, Place};
use super::device_keys::{self, DeviceKey};
use super::devices::{self, Device};
use super::error::Denied;
use super::limits::{MAX_REPLACED, REPORT_SKEW};
use super::reports::{self, Replaced, Report};

impl Connector {
    /// Receives a report for `tenant` and gives the receipt. The same report again gets a receipt again.
    pub(super) fn receive(&self, tenant: &str, token: &str) -> Result<String, Denied> {
        let settings = self.tenant_settings(tenant)?;
        if token.len() > settings.device.limits.max_token_bytes {
            return Err(Denied::TooLarge);
        }
        let (device, key, claims) = self.verify(tenant, token)?;
        let (sha256, twin) = (token_digest(token), jws::twin(token).as_deref().map(token_digest));
        let prev = claims.mtd_prev.map(|link| link.to_string());
        let (level, at_least) = claims.events.level();
        let report = Report {
            seq: claims.mtd_seq,
            jti: &claims.jti,
            sha256: &sha256,
            twin: twin.as_deref(),
            prev: prev.as_deref(),
            replaces: &claims.mtd_replaces,
            level,
            at_least,
            token,
        };
        self.0.database.write(|transaction| {
            key.may_report(transaction, &device.epoch, report.seq)?;
            self.store(transaction, &device, &report)?;
            Ok::<_, Denied>(key.used(transaction, Some((&device.epoch, report.seq)), self.now())?)
        })?;
        let receipt = Receipt {
            iss: device.connector_issuer(),
            jti: claims.jti,
            sha256,
            seq: claims.mtd_seq,
            iat: self.now(),
        };
        Ok(self.sign(typ::RECEIPT, &receipt)?)
    }

    /// The signature under a refusal of `token`; `None` for what is no refusal of the report itself.
    pub(super) fn sign_refusal(&self, token: &str, denied: &Denied) -> Result<Option<String>, Denied> {
        let (status, refusal) = match denied {
            Denied::Refused(refusal) => (400, Some(refusal.clone())),
            Denied::TooLarge => (413, None),
            Denied::NotFound(_) | Denied::Internal(_) => return Ok(None),
        };
        let signed = SignedRefusal { sha256: token_digest(token), status, refusal, iat: self.now() };
        Ok(Some(self.sign(typ::REFUSAL, &signed)?))
    }

    /// Verifies a report up to its claims and finds the device that sent it.
    fn verify(&self, tenant: &str, token: &str) -> Result<(Device, DeviceKey, Claims), Denied> {
        let unverified: Origin = jws::peek_claims(token).map_err(|error| refused(&error))?;
        let device = self.sender(tenant, &unverified)?;
        let kid = jws::peek_kid(token).map_err(|error| refused(&error))?;
        let key = device_keys::find(&self.0.database.read(), &device.id, &kid)?;
        let key = key.ok_or_else(|| refused(&VerifyError::UnknownKey(kid)))?;
        let claims: Claims = jws::verify_claims(token, typ::SECURITY_EVENT, &key.public()?)
            .map_err(|error| refused(&error))?;
        device.must_not_be_revoked()?;
        claims.check(&device, tenant, self.now())?;
        Ok((device, key, claims))
    }

    fn sender(&self, tenant: &str, origin: &Origin) -> Result<Device, Denied> {
        let unknown = || Denied::new(RefusalCode::InvalidIssuer, "iss is no device of this tenant");
        let (_, id) = origin.iss.rsplit_once('/').ok_or_else(unknown)?;
        let database = self.0.database.read();
        let device =
            devices::find_enrolment(&database, tenant, id, &origin.mtd_epoch)?.ok_or_else(unknown)?;
        if origin.iss != device.issuer() {
            return Err(unknown());
        }
        if origin.aud != device.audience() {
            return Err(Denied::new(RefusalCode::InvalidAudience, "aud is not this connector"));
        }
        Ok(device)
    }

    fn store(
        &self,
        transaction: &Transaction<'_>,
        device: &Device,
        report: &Report<'_>,
    ) -> Result<(), Denied> {
        let now = self.now();
        devices::seen(transaction, &device.id, now)?;
        if let Some(stored) = reports::by_jti(transaction, &device.id, report.jti)? {
            // The signature is not compared: it may differ for the same content (RFC 7515, section 10.10).
            let same = stored.rsplit_once('.').map(|it| it.0) == report.token.rsplit_once('.').map(|it| it.0);
            let reused = || Denied::new(RefusalCode::InvalidRequest, "jti was used for another report");
            return same.then_some(()).ok_or_else(reused);
        }
        let place = Place { seq: report.seq, has_prev: report.prev.is_some() };
        let fault = chain::judge(place, reports::surroundings(transaction, &device.epoch, report)?);
        if let Some(fault) = fault {
            tracing::warn!(
                device = device.id,
                seq = report.seq,
                ?fault,
                "chain of reports contradicts itself"
            );
        }
        Ok(reports::store(transaction, device, report, fault, now)?)
    }
}

/// What is read before the signature is verified: whose key to verify it with.
#[derive(Deserialize)]
struct Origin {
    iss: String,
    aud: String,
    mtd_epoch: String,
}

/// What the connector reads of a report. Members that it does not know are stored and otherwise left alone.
#[derive(Deserialize)]
struct Claims {
    iat: Timestamp,
    jti: String,
    txn: String,
    sub_id: SubjectId,
    mtd_seq: u64,
    #[serde(default)]
    mtd_prev: Option<ChainLink>,
    #[serde(default)]
    mtd_replaces: Vec<Replaced>,
    events: Events,
    #[serde(default, rename = "sub")]
    _sub: Absent,
    #[serde(default, rename = "exp")]
    _exp: Absent,
}

#[derive(Deserialize)]
#[serde(tag = "format", rename_all = "lowercase")]
enum SubjectId {
    Complex { device: OpaqueId, tenant: OpaqueId },
}

#[derive(Deserialize)]
#[serde(tag = "format", rename_all = "lowercase")]
enum OpaqueId {
    Opaque { id: String },
}

impl OpaqueId {
    fn is(&self, expected: &str) -> bool {
        let Self::Opaque { id } = self;
        id == expected
    }
}

impl Claims {
    fn check(&self, device: &Device, tenant: &str, now: Timestamp) -> Result<(), Denied> {
        let invalid = |why: &str| Err(Denied::new(RefusalCode::InvalidRequest, why));
        let SubjectId::Complex { device: subject, tenant: organisation } = &self.sub_id;
        if !subject.is(&device.id) || !organisation.is(tenant) {
            return invalid("sub_id is not the device that signed");
        }
        if ![&self.jti, &self.txn].into_iter().all(|text| is_identifier(text)) {
            return invalid("jti and txn must be 1 to 256 bytes without control characters");
        }
        if !(1..=MAX_SEQUENCE).contains(&self.mtd_seq) {
            return invalid("mtd_seq must be 1 to 2^53 - 1");
        }
        self.check_replaced().or_else(invalid)?;
        // A wrong clock makes evidence no less true, and the agent would set a refused report aside for good. Its place
        // is told by the chain, and a second copy by its jti.
        let (latest, earliest) =
            (now.plus_seconds(REPORT_SKEW), device.enrolled_at.plus_seconds(-REPORT_SKEW));
        if self.iat > latest || self.iat < earliest {
            tracing::warn!(device = device.id, iat = %self.iat, "a report was made while the device's clock was off");
        }
        self.events.check()
    }
}

impl Claims {
    fn check_replaced(&self) -> Result<(), &'static str> {
        let numbers: Vec<_> = self.mtd_replaces.iter().map(|it| it.seq).chain([self.mtd_seq]).collect();
        let in_order = numbers.windows(2).all(|pair| matches!(pair, [before, after] if before < after));
        if self.mtd_replaces.len() > MAX_REPLACED || !in_order || numbers.contains(&0) {
            return Err("mtd_replaces names at most 32 reports before this one, in order");
        }
        if self.mtd_replaces.iter().any(|it| it.sha256.parse::<ChainLink>().is_err()) {
            return Err("mtd_replaces gives the token digest of each report");
        }
        Ok(())
    }
}

/// The events of a report, by URI. One is expected and unknown ones are allowed, but none of ours malformed.
#[derive(Deserialize)]
struct Events {
    #[serde(rename = "https://schemas.openid.net/secevent/caep/event-type/risk-level-change")]
    risk_level_change: Option<RiskLevelChange>,
    #[serde(rename = "https://schemas.mtd-agent.dev/secevent/event-type/device-report")]
    device_report: Option<DeviceReport>,
    #[serde(flatten)]
    others: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct RiskLevelChange {
    current_level: CaepLevel,
    #[serde(default)]
    mtd_level: Option<Level>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum CaepLevel {
    Low,
    Medium,
    High,
}

#[derive(Deserialize)]
struct DeviceReport {
    #[serde(alias = "mtd_level")]
    level: Level,
    #[serde(default)]
    at_least: Option<RiskLevel>,
}

impl Events {
    fn check(&self) -> Result<(), Denied> {
        let known = usize::from(self.risk_level_change.is_some()) + usize::from(self.device_report.is_some());
        if known + self.others.len() != 1 {
            return Err(Denied::new(RefusalCode::InvalidRequest, "a report tells exactly one event"));
        }
        Ok(())
    }

    /// The level that the report tells, and the worst open finding.
    fn level(&self) -> (Option<Level>, Option<RiskLevel>) {
        match (&self.device_report, &self.risk_level_change) {
            (Some(report), _) => (Some(report.level), report.at_least),
            (None, Some(change)) => (Some(change.level()), None),
            (None, None) => (None, None),
        }
    }
}

impl RiskLevelChange {
    /// The finer level where it is told, else CAEP's.
    fn level(&self) -> Level {
        self.mtd_level.unwrap_or(match self.current_level {
            CaepLevel::Low => Level::Low,
            CaepLevel::Medium => Level::Medium,
            CaepLevel::High => Level::High,
        })
    }
}

fn refused(error: &VerifyError) -> Denied {
    let code = match error {
        VerifyError::TooLarge(_) => return Denied::TooLarge,
        VerifyError::Algorithm(_) | VerifyError::UnknownKey(_) => RefusalCode::InvalidKey,
        VerifyError::Signature => RefusalCode::AuthenticationFailed,
        VerifyError::Issuer => RefusalCode::InvalidIssuer,
        VerifyError::Audience => RefusalCode::InvalidAudience,
        VerifyError::SignatureForm
        | VerifyError::Form
        | VerifyError::Header(_)
        | VerifyError::Type { .. }
        | VerifyError::Claims(_) => RefusalCode::InvalidRequest,
    };
    Denied::new(code, error.to_string())
}
