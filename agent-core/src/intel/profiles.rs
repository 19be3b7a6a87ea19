//! Configuration profiles that threat intelligence knows.

use super::bundle::Bundle;
use super::lookup::LookupError;
use super::value::ValueKind;
use crate::model::{ConfigurationProfile, Detection, Judgement, Timestamp, Verdict};

/// Judges profiles by their identifiers, whoever manages them and whatever is in them.
pub fn judge_profiles(
    bundle: &Bundle,
    profiles: &[ConfigurationProfile],
    now: Timestamp,
) -> Result<Vec<Judgement>, LookupError> {
    let mut judgements = Vec::new();
    for profile in profiles {
        let hits = match bundle.check(ValueKind::Profile, &profile.identifier, now) {
            // What is no identifier is on no list.
            Err(LookupError::Value(_)) => continue,
            hits => hits?,
        };
        let Some(hit) = hits.first() else { continue };
        let about = &hit.attribution;
        let verdict = if about.is_sure() { Verdict::Confirmed } else { Verdict::Suspicious };
        let reason = format!(
            "{} lists this profile as {} ({})",
            about.source,
            about.category.in_words(),
            about.family
        );
        judgements.push(
            Judgement::new(Detection::RiskyProfile, verdict)
                .about(&profile.identifier)
                .because(reason)
                .with("family", &about.family)
                .with("source", &about.source)
                .with("category", about.category),
        );
    }
    Ok(judgements)
}
