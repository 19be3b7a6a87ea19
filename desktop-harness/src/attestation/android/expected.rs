//! What an organisation expects of an attested key.

use std::fmt;

use agent_core::model::Sha256;
use agent_core::report::jwk::PublicKey;
use serde::{Deserialize, Serialize};

use super::authorization::{AuthorizationList, BootState, Origin};
use super::description::{KeyDescription, SecurityLevel};
use super::{ApplicationId, Attested};
use crate::attestation::refusal::{Refusal, Rule};

// Values of KeyMint's KeyPurpose, Algorithm, EcCurve and Digest.
const SIGN: u64 = 2;
const VERIFY: u64 = 3;
const EC: u64 = 3;
const P_256: u64 = 1;
const SHA_2_256: u64 = 4;

/// What one attestation has to be.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The challenge that was given.
    pub challenge: &'a [u8],
    /// The key that enrols.
    pub key: &'a PublicKey,
    /// What the organisation asks for.
    pub rules: &'a AndroidRules,
}

/// What an organisation asks of Android devices. Unlocked and altered systems are never accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AndroidRules {
    /// Whether StrongBox is asked for; a trusted environment otherwise.
    #[serde(default)]
    pub strongbox: bool,
    /// The apps whose keys are accepted. None: no Android device is.
    #[serde(default)]
    pub apps: Vec<AndroidApp>,
    /// The oldest patch level of the system that is accepted; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_patch_level: Option<PatchLevel>,
}

/// An app, by who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AndroidApp {
    /// Its package name.
    pub package: String,
    /// SHA-256 of a certificate that it may be signed with.
    pub signer: Sha256,
}

impl Expected<'_> {
    /// Judges a statement whose chain holds.
    pub fn judge(&self, attested: &Attested) -> Result<(), Refusal> {
        let description = &attested.description;
        self.judge_key(&attested.key_spki)?;
        attested.is_for(self.challenge)?;
        let hardware = &description.hardware_enforced;
        judge_level(description, self.rules)?;
        judge_use(hardware)?;
        judge_form(description)?;
        judge_boot(hardware)?;
        judge_application(description, &self.rules.apps)?;
        judge_patches(hardware, self.rules.minimum_patch_level)
    }

    fn judge_key(&self, spki: &[u8]) -> Result<(), Refusal> {
        let attested = PublicKey::from_spki_der(spki);
        let attested =
            attested.map_err(|_| Refusal::new(Rule::Algorithm, "the attested key is not P-256"))?;
        if &attested == self.key {
            return Ok(());
        }
        let saw = format!("the attested key has the thumbprint {}", attested.thumbprint());
        Err(Refusal::new(Rule::Key, saw))
    }
}

fn judge_level(description: &KeyDescription, rules: &AndroidRules) -> Result<(), Refusal> {
    let least = if rules.strongbox { SecurityLevel::Strongbox } else { SecurityLevel::TrustedEnvironment };
    let level = description.security_level();
    if level >= least {
        return Ok(());
    }
    Err(Refusal::new(Rule::SecurityLevel, format!("{level}, the least is {least}")))
}

/// Origin, purpose and digest, in the hardware's list: what software sees to, an altered system can claim.
fn judge_use(hardware: &AuthorizationList) -> Result<(), Refusal> {
    if hardware.origin != Some(Origin::Generated) {
        return Err(Refusal::new(Rule::Origin, stated("origin", hardware.origin)));
    }
    let purposes = hardware.purpose.clone().unwrap_or_default();
    // Verifying needs the public key only, so it is nothing that the key would do.
    if !purposes.contains(&SIGN) || purposes.iter().any(|purpose| ![SIGN, VERIFY].contains(purpose)) {
        return Err(Refusal::new(Rule::Purpose, format!("purposes {purposes:?}")));
    }
    let digests = hardware.digest.clone().unwrap_or_default();
    if !digests.contains(&SHA_2_256) {
        return Err(Refusal::new(Rule::Digest, format!("digests {digests:?}")));
    }
    Ok(())
}

/// EC on P-256. Version 1 of the schema tells the curve by its size alone.
fn judge_form(description: &KeyDescription) -> Result<(), Refusal> {
    let hardware = &description.hardware_enforced;
    let is_p256 = match hardware.ec_curve {
        Some(curve) => curve == P_256 && hardware.key_size.is_none_or(|bits| bits == 256),
        None => description.attestation_version == 1 && hardware.key_size == Some(256),
    };
    if hardware.algorithm == Some(EC) && is_p256 {
        return Ok(());
    }
    let saw = format!(
        "{}, {}, {}",
        stated("algorithm", hardware.algorithm),
        stated("curve", hardware.ec_curve),
        stated("key size", hardware.key_size)
    );
    Err(Refusal::new(Rule::Algorithm, saw))
}

fn judge_boot(hardware: &AuthorizationList) -> Result<(), Refusal> {
    let Some(root) = &hardware.root_of_trust else {
        return Err(Refusal::new(Rule::RootOfTrust, "the hardware does not tell how the system was started"));
    };
    if !root.device_locked {
        return Err(Refusal::new(Rule::DeviceLocked, "the boot loader is unlocked"));
    }
    if root.verified_boot_state != BootState::Verified {
        let saw = format!("verified boot says {:?}", root.verified_boot_state);
        return Err(Refusal::new(Rule::BootState, saw));
    }
    Ok(())
}

/// Every app that shares the key has to be one of the organisation's, and every signer one of that app's.
fn judge_application(description: &KeyDescription, apps: &[AndroidApp]) -> Result<(), Refusal> {
    let Some(ApplicationId { packages, signers }) = &description.software_enforced.attestation_application_id
    else {
        return Err(Refusal::new(Rule::Application, "the app is not told"));
    };
    let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
    let is_known = |name: &&str| apps.iter().any(|app| app.package == *name);
    if names.is_empty() || !names.iter().all(is_known) {
        return Err(Refusal::new(Rule::Application, format!("the key is for {}", listed(&names))));
    }
    let may_sign = |signer: &Sha256| {
        apps.iter().any(|app| app.signer == *signer && names.contains(&app.package.as_str()))
    };
    if signers.is_empty() || !signers.iter().all(may_sign) {
        let digests: Vec<_> = signers.iter().map(Sha256::to_string).collect();
        return Err(Refusal::new(Rule::Signer, format!("the app is signed by {}", listed(&digests))));
    }
    Ok(())
}

fn judge_patches(hardware: &AuthorizationList, minimum: Option<PatchLevel>) -> Result<(), Refusal> {
    let Some(minimum) = minimum else { return Ok(()) };
    let level = hardware.os_patch_level.and_then(PatchLevel::from_number);
    match level {
        Some(level) if level >= minimum => Ok(()),
        _ => {
            let saw = stated("system patch level", hardware.os_patch_level);
            Err(Refusal::new(Rule::PatchLevel, format!("{saw}, the oldest accepted is {minimum}")))
        }
    }
}

fn stated(what: &str, value: Option<impl fmt::Debug>) -> String {
    match value {
        Some(value) => format!("{what} {value:?}"),
        None => format!("no {what}"),
    }
}

fn listed<T: AsRef<str>>(names: &[T]) -> String {
    if names.is_empty() {
        return "nobody".to_owned();
    }
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// A month of patches. Written `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PatchLevel {
    year: u16,
    month: u8,
}

/// A patch level that is no month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a month as YYYY-MM")]
pub struct ParsePatchLevelError;

impl PatchLevel {
    /// Of the number in a statement: `YYYYMM`, or `YYYYMMDD` on some devices.
    pub fn from_number(number: u64) -> Option<Self> {
        let month = if number > 999_999 { number / 100 } else { number };
        let level = Self { year: u16::try_from(month / 100).ok()?, month: u8::try_from(month % 100).ok()? };
        level.is_month().then_some(level)
    }

    fn is_month(self) -> bool {
        (2015..=9999).contains(&self.year) && (1..=12).contains(&self.month)
    }
}

impl fmt::Display for PatchLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl std::str::FromStr for PatchLevel {
    type Err = ParsePatchLevelError;

    /// Reads `YYYY-MM`; a day after it, as in Android's settings, is left aside.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str, digits: usize| match text.len() == digits
            && text.bytes().all(|c| c.is_ascii_digit())
        {
            true => text.parse().ok(),
            false => None,
        };
        let mut parts = text.splitn(3, '-');
        let year: Option<u16> = parts.next().and_then(|text| number(text, 4));
        let month: Option<u16> = parts.next().and_then(|text| number(text, 2));
        let (Some(year), Some(month)) = (year, month) else { return Err(ParsePatchLevelError) };
        if parts.next().is_some_and(|day| number(day, 2).is_none_or(|day| !(1..=31).contains(&day))) {
            return Err(ParsePatchLevelError);
        }
        let month = u8::try_from(month).map_err(|_| ParsePatchLevelError)?;
        let level = Self { year, month };
        if level.is_month() { Ok(level) } else { Err(ParsePatchLevelError) }
    }
}

impl Serialize for PatchLevel {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PatchLevel {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
