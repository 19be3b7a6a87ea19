//! Installed apps, URLs and files against threat intelligence.
//!
//! Intelligence comes from two places: the few indicators in the organisation's signed settings ([`Matcher`]), and a
//! signed [`bundle`] of millions, which `mtd intel build` compiles. What reads feeds is no part of this library: it
//! parses formats that a phone never sees.
//!
//! Meaning of an indicator: app identifiers match exactly, and one that differs in upper and lower case only is
//! a weaker match, because Android takes the two for different apps; certificates match by SHA-256 or SHA-1,
//! whatever the case and the colons of the digest. Dual-use software and adware never read as malware. What the
//! others mean: [`lookup`].
//!
//! Cost: linear in the apps, logarithmic in the indicators.

pub mod apps;
pub mod bundle;
pub mod lookup;
pub mod value;
pub mod web;

mod index;
mod lookalike;
mod matcher;
mod profiles;

pub use index::Reject;
pub use matcher::Matcher;
pub use profiles::judge_profiles;

#[cfg(test)]
mod lookup_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
