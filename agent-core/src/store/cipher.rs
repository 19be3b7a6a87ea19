//! AES-256-GCM (RFC 5116, section 5.2) by ring: 256-bit key, 96-bit nonce, 128-bit tag after the text.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hkdf;

/// Seals and opens bytes under one key.
pub(super) struct Cipher(LessSafeKey);

impl Cipher {
    /// The key that `root` derives for `purpose`.
    pub(super) fn derived(root: &hkdf::Prk, purpose: &[u8]) -> Result<Self, Unspecified> {
        Ok(Self(LessSafeKey::new(UnboundKey::from(root.expand(&[purpose], &AES_256_GCM)?))))
    }

    /// Encrypts `text` in place and puts the tag after it. A nonce must never come twice under one key.
    pub(super) fn seal(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        text: &mut Vec<u8>,
    ) -> Result<(), Unspecified> {
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), text)
    }

    /// Decrypts in place what [`Self::seal`] made; gives the text without the tag.
    pub(super) fn open<'a>(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], Unspecified> {
        self.0.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), sealed)
    }

    #[cfg(test)]
    pub(super) fn of_key(key: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap()))
    }
}
