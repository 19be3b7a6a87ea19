//! Random identifiers and secrets.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::{SecureRandom, SystemRandom};

use super::error::Error;

/// Random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

/// An identifier of 128 random bits, in hexadecimal: it never begins with a hyphen on a command line.
pub fn identifier() -> Result<String, Error> {
    Ok(bytes::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A secret of 256 random bits, base64url.
pub fn secret() -> Result<String, Error> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}
