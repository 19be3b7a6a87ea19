//! Administration, for commands and consoles: invitations, settings, the list of devices.

use std::time::Duration;

use agent_core::connector::wire::PolicyClaims;
use agent_core::connector::{EnrolmentPayload, OneTimeToken, ResourceAccess, check_transport};
use agent_core::model::{Level, Ownership, RiskLevel, Sha256, SpkiPin, Timestamp};
use agent_core::policy::{self, Policy};
use agent_core::report::jwk::PublicKey;
use agent_core::report::jws::{self, typ};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::Connector;
use super::attestation::KeyFacts;
use super::decision::decide;
use super::device_keys::{self, KeyRow};
use super::devices::{self, Device};
use super::error::Error;
use super::limits::MAX_TOLD_PROBLEMS;
use super::policies::{self, StoredPolicy};
use super::random;
use super::reports::{self, ChainState};
use super::tenants::{self, TenantSettings};

impl Connector {
    /// Invites one device, within `lifetime`. The payload holds the one-time token, which is not kept.
    pub fn create_token(&self, ownership: Ownership, lifetime: Duration) -> Result<EnrolmentPayload, Error> {
        let token = OneTimeToken::try_from(random::secret()?)?;
        let tenant = self.tenant();
        let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        let url = self.url()?;
        let payload = EnrolmentPayload::new(&url, self.pins().to_vec(), token, tenant)?;
        self.0.database.write(|transaction| {
            let expires_at = self.now().plus_seconds(lifetime);
            devices::invite(transaction, tenant, payload.token().expose(), ownership, expires_at)
        })?;
        Ok(payload)
    }

    /// The devices, first enrolled first.
    pub fn devices(&self) -> Result<Vec<DeviceRow>, Error> {
        let settings = self.settings()?;
        let database = self.0.database.read();
        let devices = devices::all(&database, self.tenant())?;
        devices.into_iter().map(|device| self.device_row(&database, device, &settings)).collect()
    }

    /// The settings in force.
    pub fn settings(&self) -> Result<TenantSettings, Error> {
        let settings = tenants::load(&self.0.database.read(), self.tenant())?;
        settings.ok_or_else(|| Error::Config(format!("tenant \"{}\" is gone", self.tenant())))
    }

    /// Changes the settings. If anything that devices are sent is different afterwards, their version has grown by one.
    pub fn update_settings(&self, change: impl FnOnce(&mut TenantSettings)) -> Result<TenantSettings, Error> {
        self.0.database.write(|transaction| {
            let before = tenants::load(transaction, self.tenant())?.unwrap_or_default();
            let mut after = before.clone();
            change(&mut after);
            after.device.version = before.device.version;
            if after.device != before.device {
                check_transport(&after.device).map_err(|error| Error::Config(error.to_string()))?;
                after.device.version = before.device.version.saturating_add(1);
            }
            if after != before {
                tenants::save(transaction, self.tenant(), &after)?;
            }
            Ok(after)
        })
    }

    /// Signs a policy file for all devices of the organisation. It has to be without fault.
    pub fn sign_policy(&self, document: &str) -> Result<String, Error> {
        let problems = policy::lint(document);
        if let Some(problem) = problems.first() {
            let more = match problems.len() {
                1 => String::new(),
                count => format!(" ({} more: see `mtd policy lint`)", count - 1),
            };
            return Err(Error::Policy(format!("not signed: {problem}{more}")));
        }
        let version = Policy::parse(document).map_err(|error| Error::Policy(error.to_string()))?.version();
        let (tenant, iat) = (self.tenant().to_owned(), self.now());
        self.sign(typ::POLICY, &PolicyClaims { tenant, iat, version, document: document.to_owned() })
    }

    /// Puts a signed policy file in force: devices fetch it from now on. One that is not signed here, for this
    /// organisation, or no newer than the one in force is refused.
    pub fn set_policy(&self, token: &str) -> Result<PolicyClaims, Error> {
        let refused = |why: String| Error::Policy(format!("the signed policy is refused: {why}"));
        let claims: PolicyClaims = jws::verify_claims(token, typ::POLICY, &self.public_key()?)
            .map_err(|error| refused(error.to_string()))?;
        if claims.tenant != self.tenant() {
            return Err(refused(format!("it is for \"{}\", this is \"{}\"", claims.tenant, self.tenant())));
        }
        self.0.database.write(|transaction| {
            let known = policies::load(transaction, self.tenant())?;
            if let Some(known) = known.filter(|known| known.version >= claims.version) {
                let why = format!("version {} is in force, this is {}", known.version, claims.version);
                return Err(refused(format!("{why}: raise the version in the file")));
            }
            let (version, token) = (claims.version, token.to_owned());
            policies::save(transaction, self.tenant(), &StoredPolicy { version, token })
        })?;
        Ok(claims)
    }

    /// The signed policy file that devices fetch; `None` where the embedded one holds.
    pub fn policy(&self) -> Result<Option<StoredPolicy>, Error> {
        policies::load(&self.0.database.read(), self.tenant())
    }

    /// The reports of a device as they came, in order.
    pub fn tokens(&self, device: &str) -> Result<Vec<String>, Error> {
        reports::tokens(&self.0.database.read(), self.tenant(), device)
    }

    /// Receipts for the reports of a device, in the same order: issued anew, as for a report that comes twice.
    pub fn receipts(&self, device: &str) -> Result<Vec<String>, Error> {
        let again = |token: &String| {
            self.receive(self.tenant(), token)
                .map_err(|_| Error::Config("a stored report is refused".to_owned()))
        };
        self.tokens(device)?.iter().map(again).collect()
    }

    /// The newest key of a device; `None` when there is no such device.
    pub fn device_key(&self, device: &str) -> Result<Option<PublicKey>, Error> {
        let found = devices::key(&self.0.database.read(), self.tenant(), device)?;
        let unreadable = |error| Error::Config(format!("the key of device {device} is not usable: {error}"));
        found.map(|jwk| PublicKey::from_jwk(&jwk).map_err(unreadable)).transpose()
    }

    /// The key that receipts, settings and decisions are under.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        Ok(self.signing_key()?.public().clone())
    }

    /// The organisation.
    pub fn tenant(&self) -> &str {
        &self.0.config.tenant
    }

    /// The pins that devices are given: of the authority's key and of its backup.
    pub fn pins(&self) -> [SpkiPin; 2] {
        [self.0.authority.pin(), self.0.backup_pin]
    }

    /// The URL that devices are told: of the running server, or the one it last ran under.
    pub fn url(&self) -> Result<String, Error> {
        let sql = "SELECT url FROM server";
        let stored = self.0.database.read().query_row(sql, [], |row| row.get(0)).optional()?;
        match (stored, self.0.config.listen.port()) {
            (Some(url), _) => Ok(url),
            (None, 0) => Err(Error::Config("has no URL before its first start: start it".to_owned())),
            (None, port) => self.0.config.url(port),
        }
    }

    pub(super) fn set_url(&self, url: &str) -> Result<(), Error> {
        let sql = "INSERT INTO server (one, url) VALUES (1, ?1) ON CONFLICT DO UPDATE SET url = excluded.url";
        self.0.database.read().execute(sql, [url])?;
        Ok(())
    }

    /// Whether `token` is the one in `admin-token`. Digests are compared, so that time tells nothing.
    pub(super) fn is_admin(&self, token: &str) -> bool {
        Sha256::of(token.as_bytes()) == self.0.admin_token
    }

    fn device_row(
        &self,
        database: &Connection,
        device: Device,
        settings: &TenantSettings,
    ) -> Result<DeviceRow, Error> {
        let standing = reports::standing(database, &device)?;
        let keys = device_keys::rows(database, &device.id)?;
        let decision = decide(&standing, settings, self.now());
        let chain = reports::chain_state(database, &device)?;
        let mut told = match ChainRow::from(chain).status {
            ChainStatus::Intact => Vec::new(),
            _ => reports::chain_problems(database, &device)?,
        };
        told.truncate(MAX_TOLD_PROBLEMS);
        let unresponsive = standing.is_unresponsive(settings, self.now());
        let silence = unresponsive.then(|| silent_since(standing.last_heard));
        let problems = silence.into_iter().chain(told.into_iter().map(|problem| problem.why)).collect();
        Ok(DeviceRow {
            id: device.id,
            tenant: device.tenant,
            ownership: device.ownership,
            key_protection: device.key_protection,
            keys,
            attestation: device.attestation,
            enrolled_at: device.enrolled_at,
            revoked_at: device.revoked_at,
            last_seen: device.last_seen,
            last_seq: chain.last_seq,
            level: decision.level,
            at_least: standing.reported.and_then(|report| report.at_least),
            unresponsive,
            compliant: decision.compliant,
            reason: decision.reason,
            chain: chain.into(),
            problems,
            resources: decision.resources,
        })
    }
}

/// What silence means, and what to do about it.
fn silent_since(last_heard: Timestamp) -> String {
    format!(
        "no report since {last_heard}: the device is off or offline, the agent was removed or may not run, or somebody \
         keeps its reports back: ask its user to open the app, and revoke the device if it is lost"
    )
}

/// A device, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceRow {
    /// The connector's name for it.
    pub id: String,
    /// Its organisation.
    pub tenant: String,
    /// Whose it is.
    pub ownership: Ownership,
    /// How its key is kept.
    pub key_protection: String,
    /// Its keys, newest first.
    pub keys: Vec<KeyRow>,
    /// What its platform vouches for; absent for a key in software.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation: Option<KeyFacts>,
    /// When it last enrolled.
    pub enrolled_at: Timestamp,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// When it was last heard of.
    pub last_seen: Timestamp,
    /// The highest `mtd_seq` since it enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<u64>,
    /// The level that counts; absent before the first report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Its worst open finding, as last told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<RiskLevel>,
    /// Whether it has not reported for longer than the organisation lets pass.
    pub unresponsive: bool,
    /// Whether it is within the allowed level.
    pub compliant: bool,
    /// Why, for a person.
    pub reason: String,
    /// Its chain of reports.
    pub chain: ChainRow,
    /// What its silence and each fault of its chain since it enrolled mean, and what to do about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// Access to each resource.
    pub resources: Vec<ResourceAccess>,
}

/// The state of a device's chain of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ChainRow {
    /// The worst of what follows.
    pub status: ChainStatus,
    /// Holes in the numbers since it enrolled.
    pub gaps: u64,
    /// Reports that claim a place of another one.
    pub forks: u64,
    /// Reports that continue from an earlier state.
    pub regressions: u64,
}

/// What a chain of reports says about its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainStatus {
    /// Every report is there and names the one before it.
    Intact,
    /// Reports are missing: on their way, dropped for want of room, or kept back.
    Gap,
    /// The device was cloned or set back to an earlier state.
    Compromised,
}

impl From<ChainState> for ChainRow {
    fn from(ChainState { gaps, forks, regressions, .. }: ChainState) -> Self {
        let status = match (forks + regressions, gaps) {
            (0, 0) => ChainStatus::Intact,
            (0, _) => ChainStatus::Gap,
            _ => ChainStatus::Compromised,
        };
        Self { status, gaps, forks, regressions }
    }
}
