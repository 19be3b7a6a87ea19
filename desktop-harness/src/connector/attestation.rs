//! What vouches for device keys: how an attestation is judged when a key is enrolled, and what is kept of it.

use std::fmt;

use agent_core::connector::RefusalCode;
use agent_core::model::Timestamp;
use agent_core::platform::{KeyAttestation, KeyProtection};
use agent_core::report::jwk::PublicKey;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::Connector;
use super::error::{Denied, Error};
use super::tenants::TenantSettings;
use crate::attestation::android::{self, Provisioning, RevocationList, Roots, SecurityLevel};
use crate::attestation::{Refusal, apple, pem};

/// A file that attestations are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttestationFile {
    /// Root certificates, PEM, in place of Google's: for emulators and tests.
    AndroidRoots,
    /// A root certificate, PEM, in place of Apple's: for tests.
    AppleRoot,
    /// Google's list of revoked certificates.
    Revoked,
}

impl AttestationFile {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AndroidRoots => "android_roots",
            Self::AppleRoot => "apple_root",
            Self::Revoked => "revoked",
        }
    }
}

/// What attestations are judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttestationTrust {
    /// Whether Android's root keys are Google's.
    pub google_roots: bool,
    /// Whether App Attest's root key is Apple's.
    pub apple_root: bool,
    /// How many certificates the revocation list names; absent: there is no list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<usize>,
    /// When that list was installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_installed_at: Option<Timestamp>,
}

/// What the platform vouches for, kept with the device's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "kebab-case")]
pub enum KeyFacts {
    /// Android Key Attestation. The boot loader is locked and the system verified: nothing else is accepted.
    AndroidKey {
        /// What keeps the key.
        security_level: SecurityLevel,
        /// `AABBCC`; absent where it is not told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        os_version: Option<u64>,
        /// `YYYYMM`; absent where it is not told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        os_patch_level: Option<u64>,
        /// The apps that may use the key.
        packages: Vec<String>,
        /// Whether the user has to authenticate for it.
        user_authentication: bool,
        /// How the keystore came by its own key.
        provisioning: Provisioning,
        /// Whether the chain was compared with a revocation list.
        revocation_checked: bool,
    },
    /// Apple App Attest, which vouches for the app that named the key.
    AppleAppattest {
        /// The app.
        app_id: String,
        /// Apple's environment.
        environment: apple::Environment,
    },
}

impl fmt::Display for KeyFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AndroidKey { security_level, os_patch_level, packages, .. } => {
                write!(f, "attested: {security_level}, locked, verified boot, ")?;
                match os_patch_level {
                    Some(level) => write!(f, "patch {level}, ")?,
                    None => write!(f, "patch not told, ")?,
                }
                f.write_str(&packages.join(", "))
            }
            Self::AppleAppattest { app_id, environment } => {
                write!(f, "attested by App Attest: {app_id}, {environment:?}")
            }
        }
    }
}

/// A key as a device claims it.
#[derive(Clone, Copy)]
pub(super) struct ClaimedKey<'a> {
    pub key: &'a PublicKey,
    /// The challenge that its proof is over, which the caller has checked.
    pub challenge: &'a str,
    pub protection: &'a str,
    pub attestation: Option<&'a KeyAttestation>,
}

/// A key that an organisation takes.
pub(super) struct JudgedKey {
    pub protection: &'static str,
    pub facts: Option<KeyFacts>,
}

impl JudgedKey {
    const SOFTWARE: Self = Self { protection: KeyProtection::Software.as_str(), facts: None };
}

impl Connector {
    /// Judges a key by the rules of an organisation. A software key is vouched for by nobody; any other by its platform.
    pub(super) fn judge_key(
        &self,
        tenant: &str,
        settings: &TenantSettings,
        claimed: ClaimedKey<'_>,
    ) -> Result<JudgedKey, Denied> {
        let protection: KeyProtection = claimed
            .protection
            .parse()
            .map_err(|why| Denied::new(RefusalCode::InvalidRequest, format!("key_protection: {why}")))?;
        let denied = |why| Denied::new(RefusalCode::AccessDenied, why);
        settings.keys.check_protection(protection).map_err(denied)?;
        let facts = match (protection, claimed.attestation) {
            (KeyProtection::Software, _) => return Ok(JudgedKey::SOFTWARE),

            (KeyProtection::SecureEnclave, Some(KeyAttestation::AppleAppattest { key_id, object })) => {
                self.judge_apple(tenant, settings, claimed, (key_id, object))?
            }
            (
                KeyProtection::TrustedEnvironment | KeyProtection::StrongBox,
                Some(KeyAttestation::AndroidKey { chain }),
            ) => self.judge_android(tenant, settings, claimed, chain)?,
            (_, Some(_)) => {
                return Err(unproved("key_protection and attestation are of different platforms"));
            }
            // Whoever takes software keys takes what nobody vouches for; it is worth no more, and listed so.
            (_, None) if settings.keys.software => return Ok(JudgedKey::SOFTWARE),
            (_, None) => {
                let what = format!("a key in {protection} needs the platform's attestation");
                return Err(unproved(&format!("{what}: make a new key with the challenge")));
            }
        };
        let protection = match &facts {
            KeyFacts::AndroidKey { security_level: SecurityLevel::Strongbox, .. } => KeyProtection::StrongBox,
            KeyFacts::AndroidKey { .. } => KeyProtection::TrustedEnvironment,
            KeyFacts::AppleAppattest { .. } => KeyProtection::SecureEnclave,
        };
        Ok(JudgedKey { protection: protection.as_str(), facts: Some(facts) })
    }

    fn judge_android(
        &self,
        tenant: &str,
        settings: &TenantSettings,
        claimed: ClaimedKey<'_>,
        chain: &[Vec<u8>],
    ) -> Result<KeyFacts, Denied> {
        let (roots, revoked) = {
            let database = self.0.database.read();
            (android_roots(&database, tenant)?, revocation_list(&database, tenant)?)
        };
        let trust = android::Trust { roots: &roots, revoked: revoked.as_ref(), now: self.now() };
        let rules = &settings.keys.android;
        let challenge = claimed.challenge.as_bytes();
        let expected = android::Expected { challenge, key: claimed.key, rules };
        let attested = android::verify(chain, trust, &expected).map_err(refused)?;
        let description = attested.description;
        let application = description.software_enforced.attestation_application_id.as_ref();
        let packages = application.iter().flat_map(|app| &app.packages);
        Ok(KeyFacts::AndroidKey {
            security_level: description.security_level(),
            os_version: description.hardware_enforced.os_version,
            os_patch_level: description.hardware_enforced.os_patch_level,
            packages: packages.map(|package| package.name.clone()).collect(),
            user_authentication: description.hardware_enforced.no_auth_required != Some(true),
            provisioning: attested.provisioning,
            revocation_checked: attested.revocation_checked,
        })
    }

    fn judge_apple(
        &self,
        tenant: &str,
        settings: &TenantSettings,
        claimed: ClaimedKey<'_>,
        (key_id, object): (&str, &[u8]),
    ) -> Result<KeyFacts, Denied> {
        let root = apple_root(&self.0.database.read(), tenant)?;
        let rules = &settings.keys.apple;
        let challenge = claimed.challenge.as_bytes();
        let expected = apple::Expected { challenge, key: claimed.key, key_id, rules };
        let trust = apple::Trust { root: &root, now: self.now() };
        let attested = apple::verify(object, trust, &expected).map_err(refused)?;
        Ok(KeyFacts::AppleAppattest { app_id: attested.app_id, environment: attested.environment })
    }

    /// Has attestations judged by `content` from now on; `None`: by what they are judged by without it.
    pub fn set_attestation_file(&self, kind: AttestationFile, content: Option<&[u8]>) -> Result<(), Error> {
        let tenant = self.tenant();
        let database = self.0.database.read();
        let Some(content) = content else {
            let sql = "DELETE FROM attestation_file WHERE tenant = ?1 AND kind = ?2";
            database.execute(sql, [tenant, kind.as_str()])?;
            return Ok(());
        };
        match kind {
            AttestationFile::AndroidRoots => drop(read_android_roots(content)?),
            AttestationFile::AppleRoot => drop(read_apple_root(content)?),
            AttestationFile::Revoked => drop(RevocationList::parse(content).map_err(unusable)?),
        }
        let sql = "INSERT INTO attestation_file (tenant, kind, content, installed_at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET content = excluded.content, installed_at = excluded.installed_at";
        database.execute(sql, params![tenant, kind.as_str(), content, self.now().unix()])?;
        Ok(())
    }

    /// What attestations are judged by.
    pub fn attestation_trust(&self) -> Result<AttestationTrust, Error> {
        let (database, tenant) = (self.0.database.read(), self.tenant());
        let sql = "SELECT installed_at FROM attestation_file WHERE tenant = ?1 AND kind = ?2";
        let installed_at: Option<i64> = database
            .query_row(sql, [tenant, AttestationFile::Revoked.as_str()], |row| row.get(0))
            .optional()?;
        Ok(AttestationTrust {
            google_roots: android_roots(&database, tenant)? == Roots::google(),
            apple_root: apple_root(&database, tenant)? == apple::Root::apple(),
            revoked: revocation_list(&database, tenant)?.map(|list| list.len()),
            revoked_installed_at: installed_at.map(Timestamp::from_unix),
        })
    }
}

fn android_roots(connection: &Connection, tenant: &str) -> Result<Roots, Error> {
    match file(connection, tenant, AttestationFile::AndroidRoots)? {
        Some(content) => read_android_roots(&content),
        None => Ok(Roots::google()),
    }
}

fn apple_root(connection: &Connection, tenant: &str) -> Result<apple::Root, Error> {
    match file(connection, tenant, AttestationFile::AppleRoot)? {
        Some(content) => read_apple_root(&content),
        None => Ok(apple::Root::apple()),
    }
}

fn revocation_list(connection: &Connection, tenant: &str) -> Result<Option<RevocationList>, Error> {
    let content = file(connection, tenant, AttestationFile::Revoked)?;
    content.map(|content| RevocationList::parse(&content).map_err(unusable)).transpose()
}

fn file(connection: &Connection, tenant: &str, kind: AttestationFile) -> Result<Option<Vec<u8>>, Error> {
    let sql = "SELECT content FROM attestation_file WHERE tenant = ?1 AND kind = ?2";
    Ok(connection.query_row(sql, [tenant, kind.as_str()], |row| row.get(0)).optional()?)
}

fn read_android_roots(content: &[u8]) -> Result<Roots, Error> {
    Roots::of_certificates(&certificates(content)?).map_err(unusable)
}

fn read_apple_root(content: &[u8]) -> Result<apple::Root, Error> {
    match certificates(content)?.as_slice() {
        [root] => apple::Root::of_certificate(root).map_err(unusable),
        several => Err(unusable(format_args!("{} certificates, one is the root", several.len()))),
    }
}

fn certificates(content: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    pem::certificates(std::str::from_utf8(content).map_err(unusable)?).map_err(unusable)
}

fn unusable(why: impl fmt::Display) -> Error {
    Error::Config(why.to_string())
}

/// The device has to make a new key, attested to a new challenge.
fn refused(refusal: Refusal) -> Denied {
    unproved(&refusal.to_string())
}

fn unproved(why: &str) -> Denied {
    Denied::new(RefusalCode::InvalidKey, format!("attestation: {why}"))
}
