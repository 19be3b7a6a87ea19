//! Nonces from the platform's randomness.

use crate::canary::Nonce;
use crate::network::observation::Failure;
use crate::platform::Entropy;

/// A nonce that was never used.
pub(super) fn fresh(entropy: &dyn Entropy) -> Result<Nonce, Failure> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes).map_err(|error| Failure::configuration(error.to_string()))?;
    Ok(Nonce::from_bytes(bytes))
}
