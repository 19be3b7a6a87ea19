//! Why an attestation does not hold.

use std::fmt;

use serde::{Serialize, Serializer};

/// A refused attestation: which rule it breaks, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{rule}: {saw}; {}", rule.advice())]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// What was there instead.
    pub saw: String,
}

impl Refusal {
    pub(super) fn new(rule: Rule, saw: impl Into<String>) -> Self {
        Self { rule, saw: saw.into() }
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal, $advice:literal;)+) => {
        /// What an attestation has to meet.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$doc])* $rule,)+
        }

        impl Rule {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$rule,)+];

            /// Its name, for scripts.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$rule => $name,)+ }
            }

            /// What to do about an attestation that breaks it.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$rule => $advice,)+ }
            }
        }
    };
}

rules! {
    /// The bytes are what the format says, to the letter.
    Encoding = "encoding", "make a new key and enrol again; if it stays so, the device's attestation is not to be trusted";
    /// The version of the statement is one that is known here.
    Version = "version", "use a newer mtd";
    /// As many certificates as such a chain has.
    ChainLength = "chain_length", "send the whole chain as the platform gives it";
    /// The last certificate is under a pinned root key.
    Root = "root", "only keys that the maker's roots vouch for are accepted: enrol a device with hardware attestation";
    /// Each certificate names the next one as its issuer.
    Issuer = "issuer", "send the chain in the platform's order, leaf first";
    /// Each certificate is signed by the next one.
    Signature = "signature", "send the chain as the platform gives it";
    /// Who issues is allowed to, as deep as it does, and nothing critical is left unread.
    Authority = "authority", "the chain was extended by who may not: do not trust this device";
    /// What has a term is within it.
    Validity = "validity", "let the device renew its attestation keys (be online, update the system) and enrol again; check the connector's clock";
    /// No certificate is on the maker's revocation list.
    Revoked = "revoked", "the maker has revoked the key that vouches: replace the device, or update it until it has new attestation keys";
    /// The statement is the leaf's, and of no other certificate.
    Extension = "extension", "the chain was extended by an attested key, or is no attestation: do not trust this device";
    /// The key that is attested is the one that enrols.
    Key = "key", "enrol the key that was attested";
    /// The challenge is the one that was given.
    Challenge = "challenge", "ask for a new challenge and attest a new key to it";
    /// The statement and the key are of the hardware that is asked for.
    SecurityLevel = "security_level", "enrol from a device with a trusted environment (or StrongBox, where asked for)";
    /// The key was made where it is kept.
    Origin = "origin", "make the key in the keystore instead of importing it";
    /// The key signs, and does nothing else.
    Purpose = "purpose", "make the key with PURPOSE_SIGN alone";
    /// An elliptic curve key on P-256.
    Algorithm = "algorithm", "make an EC key on P-256 (secp256r1)";
    /// The key signs SHA-256 digests.
    Digest = "digest", "make the key with DIGEST_SHA256";
    /// The hardware tells how the system was started.
    RootOfTrust = "root_of_trust", "enrol from a device whose keystore attests verified boot";
    /// The boot loader is locked.
    DeviceLocked = "device_locked", "lock the boot loader; the device is wiped by that";
    /// The system is the maker's.
    BootState = "boot_state", "install the maker's system and lock the boot loader";
    /// The app is one of the organisation's.
    Application = "application", "enrol from the organisation's app; an administrator allows apps with `mtd connector settings`";
    /// The app is signed by who is expected.
    Signer = "signer", "install the app from the organisation's source; an administrator allows signers with `mtd connector settings`";
    /// The system is patched as far as is asked for.
    PatchLevel = "patch_level", "update the system, then enrol again";
    /// The nonce of Apple's certificate binds challenge and key.
    Nonce = "nonce", "ask for a new challenge and attest a new key to it";
    /// The key identifier is the digest of the attested key, everywhere it is named.
    KeyIdentifier = "key_id", "send the identifier that generateKey gave";
    /// The attested key has signed nothing yet.
    Counter = "counter", "make a new App Attest key and enrol again";
    /// Apple's environment (development, production) is the one that is asked for.
    Environment = "environment", "enrol from an app of the right environment; an administrator sets it with `mtd connector settings`";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn every_rule_is_documented_and_says_what_to_do() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/adr/0005-reports-that-hold.md");
        let docs = std::fs::read_to_string(docs).unwrap();
        for rule in Rule::ALL {
            assert!(docs.contains(&format!("`{rule}`")), "{rule} is not in the documentation");
            assert!(rule.advice().len() > 10, "{rule}");
        }
    }
}
