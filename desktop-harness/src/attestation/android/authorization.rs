//! `AuthorizationList`: what a key may do, and what is so around it.
//!
//! Schema and tag numbers: AOSP, "Key and ID attestation", and KeyMint's `Tag.aidl`. Tags come in ascending order, each at
//! most once. A tag that is not in the table is refused: what it would restrict or allow is not known here.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::application::{self, ApplicationId};
use crate::attestation::der::{DerError, Reader};
use crate::attestation::refusal::{Refusal, Rule};

macro_rules! authorizations {
    ($($(#[$doc:meta])* $tag:literal $field:ident: $type:ty = $read:path;)+) => {
        /// One of the two lists of a statement: enforced by software, or by hardware. Absent: not stated.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        pub struct AuthorizationList {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)+
        }

        impl AuthorizationList {
            fn take(&mut self, tag: u32, value: &mut Reader<'_>) -> Result<Known, DerError> {
                match tag {
                    $($tag => self.$field = Some($read(value)?),)+
                    _ => return Ok(Known::No),
                }
                Ok(Known::Yes)
            }
        }
    };
}

enum Known {
    Yes,
    No,
}

authorizations! {
    /// `KeyPurpose` values: 2 SIGN, 3 VERIFY.
    1 purpose: BTreeSet<u64> = numbers;
    /// 1 RSA, 3 EC, 32 AES, 128 HMAC.
    2 algorithm: u64 = Reader::integer;
    /// Bits.
    3 key_size: u64 = Reader::integer;
    /// Modes of a block cipher.
    4 block_mode: BTreeSet<u64> = numbers;
    /// 4 SHA-256, 5 SHA-384, 6 SHA-512.
    5 digest: BTreeSet<u64> = numbers;
    /// Paddings.
    6 padding: BTreeSet<u64> = numbers;
    /// The caller may choose the nonce.
    7 caller_nonce: bool = flag;
    /// Bits.
    8 min_mac_length: u64 = Reader::integer;
    /// 0 P-224, 1 P-256, 2 P-384, 3 P-521, 4 Curve 25519.
    10 ec_curve: u64 = Reader::integer;
    /// Public exponent.
    200 rsa_public_exponent: u64 = Reader::integer;
    /// Digests of OAEP's mask generation.
    203 rsa_oaep_mgf_digest: BTreeSet<u64> = numbers;
    /// Deleted for good when it is deleted.
    303 rollback_resistance: bool = flag;
    /// Of use only while the system starts.
    305 early_boot_only: bool = flag;
    /// Milliseconds since 1970.
    400 active_date_time: u64 = Reader::integer;
    /// Milliseconds since 1970.
    401 origination_expire_date_time: u64 = Reader::integer;
    /// Milliseconds since 1970.
    402 usage_expire_date_time: u64 = Reader::integer;
    /// How often it may be used.
    405 usage_count_limit: u64 = Reader::integer;
    /// Of use without the user.
    503 no_auth_required: bool = flag;
    /// `HardwareAuthenticatorType` bits: 1 password, 2 biometrics.
    504 user_auth_type: u64 = Reader::integer;
    /// Seconds for which it is of use after the user authenticated.
    505 auth_timeout: u64 = Reader::integer;
    /// Stays of use while the device is carried.
    506 allow_while_on_body: bool = flag;
    /// Someone has to press a button.
    507 trusted_user_presence_required: bool = flag;
    /// The user has to confirm what is signed.
    508 trusted_confirmation_required: bool = flag;
    /// Of use only while the device is unlocked.
    509 unlocked_device_required: bool = flag;
    /// Of use to all apps.
    600 all_applications: bool = flag;
    /// The app's identifier in Keymaster 1.
    601 application_id: Bytes = bytes;
    /// Milliseconds since 1970, by the device's clock.
    701 creation_date_time: u64 = Reader::integer;
    /// Where the key comes from.
    702 origin: Origin = origin;
    /// As [`Self::rollback_resistance`], before version 3.
    703 rollback_resistant: bool = flag;
    /// How the system was started.
    704 root_of_trust: RootOfTrust = root_of_trust;
    /// `AABBCC`: version, subversion, patch. 0 where the maker does not tell.
    705 os_version: u64 = Reader::integer;
    /// `YYYYMM`.
    706 os_patch_level: u64 = Reader::integer;
    /// Whose key it is. Told by the system, hence in the software's list.
    709 attestation_application_id: ApplicationId = application::read;
    /// `Build.BRAND`.
    710 attestation_id_brand: String = text;
    /// `Build.DEVICE`.
    711 attestation_id_device: String = text;
    /// `Build.PRODUCT`.
    712 attestation_id_product: String = text;
    /// The serial number.
    713 attestation_id_serial: String = text;
    /// The first modem's.
    714 attestation_id_imei: String = text;
    /// The first modem's.
    715 attestation_id_meid: String = text;
    /// `Build.MANUFACTURER`.
    716 attestation_id_manufacturer: String = text;
    /// `Build.MODEL`.
    717 attestation_id_model: String = text;
    /// `YYYYMM` or `YYYYMMDD`.
    718 vendor_patch_level: u64 = Reader::integer;
    /// `YYYYMM` or `YYYYMMDD`.
    719 boot_patch_level: u64 = Reader::integer;
    /// Signed by a key of this one device.
    720 device_unique_attestation: bool = flag;
    /// For identity documents.
    721 identity_credential_key: bool = flag;
    /// The second modem's.
    723 attestation_id_second_imei: String = text;
    /// Digest of the APEX modules.
    724 module_hash: Bytes = bytes;
}

/// Reads a list; `place` names it in refusals.
pub(super) fn read(mut list: Reader<'_>, place: &'static str) -> Result<AuthorizationList, Refusal> {
    let mut authorizations = AuthorizationList::default();
    let mut last = None;
    while !list.is_empty() {
        let broken = |why: String| Refusal::new(Rule::Encoding, format!("{place}: {why}"));
        let (tag, mut value) = list.tagged().map_err(|error| broken(error.to_string()))?;
        if last.is_some_and(|last| tag <= last) {
            return Err(broken(format!("tag {tag} comes after tag {}", last.unwrap_or_default())));
        }
        last = Some(tag);
        let broken = |error: DerError| broken(format!("tag {tag}: {error}"));
        match authorizations.take(tag, &mut value).map_err(broken)? {
            Known::Yes => value.end().map_err(broken)?,
            Known::No => {
                return Err(Refusal::new(Rule::Version, format!("{place}: tag {tag} is unknown here")));
            }
        }
    }
    Ok(authorizations)
}

/// Where a key comes from (`KeyOrigin.aidl`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Made where it is kept.
    Generated,
    /// Derived there.
    Derived,
    /// Brought in from outside.
    Imported,
    /// Unknown, before Keymaster 1.
    Reserved,
    /// Brought in, encrypted to the keystore.
    SecurelyImported,
}

fn origin(value: &mut Reader<'_>) -> Result<Origin, DerError> {
    Ok(match value.integer()? {
        0 => Origin::Generated,
        1 => Origin::Derived,
        2 => Origin::Imported,
        3 => Origin::Reserved,
        4 => Origin::SecurelyImported,
        _ => return Err(DerError::Value("an origin that the schema does not have")),
    })
}

/// How the system was started, as the boot loader told the hardware.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RootOfTrust {
    /// Digest of the key that the system was verified with; zeros or empty where it was not.
    pub verified_boot_key: Bytes,
    /// Whether the boot loader is locked.
    pub device_locked: bool,
    /// What the verification said.
    pub verified_boot_state: BootState,
    /// Digest of all that was verified; from version 3 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_boot_hash: Option<Bytes>,
}

/// `VerifiedBootState` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BootState {
    /// The maker's system: green.
    Verified,
    /// A system under a key that the user put in: yellow.
    SelfSigned,
    /// Not verified: orange.
    Unverified,
    /// Verification failed: red.
    Failed,
}

fn root_of_trust(value: &mut Reader<'_>) -> Result<RootOfTrust, DerError> {
    let mut fields = value.sequence()?;
    let root = RootOfTrust {
        verified_boot_key: bytes(&mut fields)?,
        device_locked: fields.boolean()?,
        verified_boot_state: match fields.enumerated()? {
            0 => BootState::Verified,
            1 => BootState::SelfSigned,
            2 => BootState::Unverified,
            3 => BootState::Failed,
            _ => return Err(DerError::Value("a boot state that the schema does not have")),
        },
        verified_boot_hash: if fields.is_empty() { None } else { Some(bytes(&mut fields)?) },
    };
    fields.end()?;
    Ok(root)
}

/// Bytes, serialized as hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

pub(super) fn bytes(value: &mut Reader<'_>) -> Result<Bytes, DerError> {
    value.octets().map(|bytes| Bytes(bytes.to_vec()))
}

/// Text: an OCTET STRING of UTF-8.
pub(super) fn text(value: &mut Reader<'_>) -> Result<String, DerError> {
    let text = std::str::from_utf8(value.octets()?).map_err(|_| DerError::Value("text that is no UTF-8"))?;
    Ok(text.to_owned())
}

/// A SET OF INTEGER, without repetition. Keystores do not agree on its order.
fn numbers(value: &mut Reader<'_>) -> Result<BTreeSet<u64>, DerError> {
    let (mut set, mut numbers) = (value.set()?, BTreeSet::new());
    while !set.is_empty() {
        if !numbers.insert(set.integer()?) {
            return Err(DerError::Value("a set with the same number twice"));
        }
    }
    Ok(numbers)
}

/// A tag whose presence says it all.
fn flag(value: &mut Reader<'_>) -> Result<bool, DerError> {
    value.null().map(|()| true)
}
