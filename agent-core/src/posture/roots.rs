//! Root certificates that somebody added to those of the system.

use super::parts::Parts;
use super::words::{bounded, clipped};
use crate::model::{AddedRoot, CheckId, CheckOutcome, Detection, DevicePosture, Judgement, SpkiPin, Verdict};

/// Judges the roots: those under which the organisation itself inspects TLS, by its `declared` pins, are benign.
pub(super) fn judge(posture: &DevicePosture, declared: &[SpkiPin]) -> CheckOutcome {
    Parts::of(CheckId::Certificates)
        .fact("added roots", &posture.added_roots, &[Detection::UndeclaredRoot], |roots| {
            let judgements = roots.iter().map(|root| judge_one(root, declared)).collect();
            bounded(Detection::UndeclaredRoot, judgements)
        })
        .finish("no root certificate was added")
}

fn judge_one(root: &AddedRoot, declared: &[SpkiPin]) -> Judgement {
    let (verdict, reason) = if declared.contains(&root.spki) {
        (Verdict::Benign, "a root certificate that was added, and that the organisation declared")
    } else {
        (Verdict::Confirmed, "a root certificate that was added, and that the organisation did not declare")
    };
    let digest = root.sha256.to_string();
    let name = if root.subject.is_empty() { &digest } else { &root.subject };
    Judgement::new(Detection::UndeclaredRoot, verdict)
        .about(clipped(name))
        .because(reason)
        .with("certificate_sha256", root.sha256)
        .with("spki", root.spki)
}
