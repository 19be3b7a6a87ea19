//! Judges what changed among the apps: another signer, management removed.

use super::name;
use crate::inventory::diff::{AppChange, ChangedSigners, InventoryDiff, changed_signers};
use crate::model::{AppId, AppRecord, CheckId, CheckOutcome, Detection, Judgement, SignerDigest, Verdict};

/// Judges the changes since the scan before.
///
/// An update keeps its signer (Android: *Application Signing*), so a changed one means that the app was
/// replaced. SHA-256 and SHA-1 digests prove that; Java's 32-bit hash code only suggests it.
pub fn judge_changes(diff: &InventoryDiff) -> CheckOutcome {
    let resigned = diff.resigned.iter().filter_map(judge_signers);
    let unmanaged = diff.managed_changed.iter().filter_map(judge_management);
    CheckOutcome::judged(CheckId::AppChanges, summary(diff), resigned.chain(unmanaged).collect())
}

fn judge_signers(change: &AppChange) -> Option<Judgement> {
    let ChangedSigners { before, after } = changed_signers(&change.before, &change.after)?;
    let only_hash_codes = after.iter().all(|signer| matches!(signer, SignerDigest::HashCode(_)));
    let (verdict, limitation) = if only_hash_codes {
        (Verdict::Suspicious, "; only 32-bit hash codes of the certificates are known, so this is no proof")
    } else {
        (Verdict::Confirmed, "")
    };
    let reason = format!(
        "{} is signed by another certificate than at the last scan; an update keeps its signer, so the app was \
         replaced{limitation}",
        name(&change.after)
    );
    let judgement = Judgement::new(Detection::ResignedApp, verdict)
        .about(subject(&change.after))
        .because(reason)
        .with("signer_before", list(before))
        .with("signer_now", list(after));
    Some(with_versions(judgement, change))
}

fn judge_management(change: &AppChange) -> Option<Judgement> {
    if (change.before.managed, change.after.managed) != (Some(true), Some(false)) {
        return None;
    }
    let reason = format!(
        "{} was managed by the organisation at the last scan and no longer is, though it is still installed",
        name(&change.after)
    );
    let judgement = Judgement::new(Detection::ManagementRemoved, Verdict::Confirmed)
        .about(subject(&change.after))
        .because(reason)
        .with("managed_before", true)
        .with("managed_now", false);
    Some(with_versions(judgement, change))
}

fn summary(diff: &InventoryDiff) -> String {
    if diff.is_empty() {
        return "no app was added, removed, updated or signed anew since the last scan".to_owned();
    }
    let parts = [
        (diff.added.len(), "added"),
        (diff.removed.len(), "removed"),
        (diff.updated.len(), "updated"),
        (diff.resigned.len(), "signed by another certificate"),
        (diff.managed_changed.len(), "with changed management"),
        (diff.unclear.len(), "listed more than once and not comparable"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("apps since the last scan: {}", parts.join(", "))
}

fn subject(app: &AppRecord) -> &str {
    app.id.as_ref().map_or("", AppId::as_str)
}

fn list<'a>(signers: impl IntoIterator<Item = &'a SignerDigest>) -> String {
    signers.into_iter().map(SignerDigest::to_string).collect::<Vec<_>>().join(", ")
}

fn with_versions(judgement: Judgement, change: &AppChange) -> Judgement {
    let told = [
        ("version_before", change.before.version.as_ref()),
        ("version_now", change.after.version.as_ref()),
        ("installer", change.after.installer.as_ref()),
    ];
    told.into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .fold(judgement, |judgement, (name, value)| judgement.with(name, value))
}
