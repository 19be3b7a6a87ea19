//! PEM (RFC 7468) of certificates.

use base64::prelude::{BASE64_STANDARD, Engine as _};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Text that is no PEM of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// There is none.
    #[error("no certificate: expected {BEGIN}")]
    Empty,
    /// A certificate does not end.
    #[error("certificate {0} has no {END}")]
    Unended(usize),
    /// A certificate is not base64.
    #[error("certificate {0} is not base64")]
    Base64(usize),
}

/// The certificates in `text`, DER, as they come. What is between them is left aside. Counted from 0 in errors.
pub fn certificates(text: &str) -> Result<Vec<Vec<u8>>, PemError> {
    let blocks = text.split(BEGIN).skip(1).enumerate();
    let certificates = blocks.map(|(at, block)| {
        let (base64, _) = block.split_once(END).ok_or(PemError::Unended(at))?;
        let base64: String = base64.split_ascii_whitespace().collect();
        BASE64_STANDARD.decode(base64).map_err(|_| PemError::Base64(at))
    });
    let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() { Err(PemError::Empty) } else { Ok(certificates) }
}
