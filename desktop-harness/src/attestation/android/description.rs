//! `KeyDescription`: the statement in a leaf certificate (extension 1.3.6.1.4.1.11129.2.1.17).

use serde::{Deserialize, Serialize};

use super::authorization::{self, AuthorizationList, Bytes};
use crate::attestation::der::{DerError, Reader};
use crate::attestation::refusal::{Refusal, Rule};

/// Versions of the schema: Keymaster 2 to 4.1, KeyMint 1 to 4.
const VERSIONS: [u64; 8] = [1, 2, 3, 4, 100, 200, 300, 400];

/// What a keystore says of a key and of the device around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyDescription {
    /// Version of the schema.
    pub attestation_version: u64,
    /// What made the statement.
    pub attestation_security_level: SecurityLevel,
    /// Version of Keymaster or KeyMint.
    pub keymint_version: u64,
    /// What keeps the key.
    pub keymint_security_level: SecurityLevel,
    /// The challenge that the app handed in.
    pub attestation_challenge: Bytes,
    /// An identifier for system apps; mostly empty.
    pub unique_id: Bytes,
    /// What the system sees to.
    pub software_enforced: AuthorizationList,
    /// What the hardware sees to.
    pub hardware_enforced: AuthorizationList,
}

/// How well something is kept, from least to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityLevel {
    /// By the system alone.
    Software,
    /// By a trusted execution environment.
    TrustedEnvironment,
    /// By a chip of its own.
    Strongbox,
}

impl std::fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Software => "software",
            Self::TrustedEnvironment => "trusted_environment",
            Self::Strongbox => "strongbox",
        })
    }
}

impl KeyDescription {
    /// Reads the content of the extension.
    pub fn read(der: &[u8]) -> Result<Self, Refusal> {
        let broken = |error: DerError| Refusal::new(Rule::Encoding, format!("key description: {error}"));
        let mut outer = Reader::new(der);
        let mut fields = outer.sequence().map_err(broken)?;
        outer.end().map_err(broken)?;
        let attestation_version = fields.integer().map_err(broken)?;
        if !VERSIONS.contains(&attestation_version) {
            let saw = format!("attestation version {attestation_version}");
            return Err(Refusal::new(Rule::Version, saw));
        }
        let description = Self {
            attestation_version,
            attestation_security_level: level(&mut fields).map_err(broken)?,
            keymint_version: fields.integer().map_err(broken)?,
            keymint_security_level: level(&mut fields).map_err(broken)?,
            attestation_challenge: authorization::bytes(&mut fields).map_err(broken)?,
            unique_id: authorization::bytes(&mut fields).map_err(broken)?,
            software_enforced: authorization::read(fields.sequence().map_err(broken)?, "softwareEnforced")?,
            hardware_enforced: authorization::read(fields.sequence().map_err(broken)?, "hardwareEnforced")?,
        };
        fields.end().map_err(broken)?;
        Ok(description)
    }

    /// The lower of the two levels: a statement is worth no more than what made it.
    pub fn security_level(&self) -> SecurityLevel {
        self.attestation_security_level.min(self.keymint_security_level)
    }
}

fn level(fields: &mut Reader<'_>) -> Result<SecurityLevel, DerError> {
    Ok(match fields.enumerated()? {
        0 => SecurityLevel::Software,
        1 => SecurityLevel::TrustedEnvironment,
        2 => SecurityLevel::Strongbox,
        _ => return Err(DerError::Value("a security level that the schema does not have")),
    })
}
