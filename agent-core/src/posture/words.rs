//! Lists in sentences and evidence, bounded: a report has to stay small whatever a host lists.

use std::borrow::Cow;

use crate::model::{Detection, Judgement, Verdict};

/// Most signs that one judgement carries as evidence; the rest are counted.
pub(super) const MAX_SIGNS: usize = 32;

/// Longest sign that is told, in characters; the rest is cut off. A path of usual depth fits.
pub(super) const MAX_SIGN_CHARS: usize = 200;

/// Most signs that a sentence names.
pub(super) const MAX_NAMED: usize = 3;

/// Most judgements about single apps, certificates or profiles that one fact gives; the rest are one. A device on which a
/// person added more than this by hand is none.
pub(super) const MAX_SUBJECTS: usize = 64;

/// `judgement` with `signs` as evidence called `name`.
pub(super) fn with_signs(judgement: Judgement, name: &str, signs: &[String]) -> Judgement {
    let judgement =
        signs.iter().take(MAX_SIGNS).fold(judgement, |judgement, sign| judgement.with(name, clipped(sign)));
    match signs.len().saturating_sub(MAX_SIGNS) {
        0 => judgement,
        more => judgement.with("not_listed", more),
    }
}

/// The first few, and how many more there are.
pub(super) fn listed(signs: &[String]) -> String {
    let named: Vec<_> = signs.iter().take(MAX_NAMED).map(|sign| clipped(sign)).collect();
    match signs.len().saturating_sub(MAX_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The first [`MAX_SIGN_CHARS`] characters.
pub(super) fn clipped(sign: &str) -> Cow<'_, str> {
    match sign.char_indices().nth(MAX_SIGN_CHARS) {
        Some(_) => sign.chars().take(MAX_SIGN_CHARS).chain(['…']).collect(),
        None => sign.into(),
    }
}

/// At most [`MAX_SUBJECTS`] of `judgements`, the gravest first, and one about the device for the rest.
pub(super) fn bounded(detection: Detection, mut judgements: Vec<Judgement>) -> Vec<Judgement> {
    judgements.sort_by_key(|judgement| std::cmp::Reverse(judgement.verdict));
    let rest = judgements.split_off(MAX_SUBJECTS.min(judgements.len()));
    let gravest = rest.iter().map(|judgement| judgement.verdict).max().unwrap_or(Verdict::Clean);
    if gravest > Verdict::Clean {
        let reason = format!("{} more of the kind, which are not listed one by one", rest.len());
        judgements.push(Judgement::new(detection, gravest).because(reason));
    }
    judgements
}
