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

/// The order of P-256 (SEC 2, section 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The other signature that verifies wherever this one does, and that anyone can make of it: r and n - s.
pub fn twin(signature: &[u8; 64]) -> [u8; 64] {
    let mut twin = *signature;
    let mut borrow = 0;
    for (digit, of_order) in twin.iter_mut().skip(32).zip(&ORDER).rev() {
        let difference = i16::from(*of_order) - i16::from(*digit) - borrow;
        *digit = difference.rem_euclid(0x100) as u8;
        borrow = i16::from(difference < 0);
    }
    twin
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
