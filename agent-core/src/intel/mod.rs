//! Installed apps against threat intelligence.
//!
//! Meaning of an indicator: app identifiers match exactly, and one that differs in upper and lower case only is
//! a weaker match, because Android takes the two for different apps; certificates match by SHA-256 or SHA-1,
//! whatever the case and the colons of the digest. Dual-use software and adware never read as malware.
//!
//! Cost: linear in the apps, logarithmic in the indicators.

mod index;
mod matcher;

pub use index::Reject;
pub use matcher::Matcher;

#[cfg(test)]
mod tests;
