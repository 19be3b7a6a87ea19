//! ECDSA signatures: from the DER that keystores make to the r and s that JWS takes.

use crate::platform::Es256Signature;

/// A signature that is not two positive 256-bit integers in the one form its encoding allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed ECDSA signature")]
pub struct MalformedSignature;

/// Brings a platform's signature into the form of RFC 7518, section 3.4: r and s, 32 bytes each.
pub fn to_fixed(signature: &Es256Signature) -> Result<[u8; 64], MalformedSignature> {
    match signature {
        Es256Signature::Raw(bytes) => bytes.as_slice().try_into().map_err(|_| MalformedSignature),
        Es256Signature::Der(bytes) => from_der(bytes),
    }
}

/// Reads `SEQUENCE { INTEGER r, INTEGER s }` strictly: short-form lengths, minimal positive integers, nothing
/// after them.
fn from_der(der: &[u8]) -> Result<[u8; 64], MalformedSignature> {
    let (sequence, rest) = element(0x30, der)?;
    let (r, after_r) = element(0x02, sequence)?;
    let (s, after_s) = element(0x02, after_r)?;
    if !rest.is_empty() || !after_s.is_empty() {
        return Err(MalformedSignature);
    }
    let mut fixed = [0; 64];
    for (half, integer) in fixed.chunks_exact_mut(32).zip([r, s]) {
        let magnitude = positive(integer)?;
        let start = 32usize.checked_sub(magnitude.len()).ok_or(MalformedSignature)?;
        half.get_mut(start..).ok_or(MalformedSignature)?.copy_from_slice(magnitude);
    }
    Ok(fixed)
}

/// Splits one TLV with a short-form length off the front. A P-256 signature never needs the long form.
fn element(tag: u8, der: &[u8]) -> Result<(&[u8], &[u8]), MalformedSignature> {
    match der {
        [found, length @ 0..=0x7f, rest @ ..] if *found == tag => {
            rest.split_at_checked(usize::from(*length)).ok_or(MalformedSignature)
        }
        _ => Err(MalformedSignature),
    }
}

/// The magnitude of a positive, minimally encoded INTEGER.
fn positive(integer: &[u8]) -> Result<&[u8], MalformedSignature> {
    match integer {
        [0x00, magnitude @ ..] if matches!(magnitude, [0x80..=0xff, ..]) => Ok(magnitude),
        [0x01..=0x7f, ..] => Ok(integer),
        _ => Err(MalformedSignature),
    }
}
