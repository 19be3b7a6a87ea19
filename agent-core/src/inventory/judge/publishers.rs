//! Apps against the certificates that sign their publishers' apps.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use super::{about, name, one_per_app};
use crate::model::{AppId, AppRecord, AppRules, Detection, Inventory, Judgement, SignerDigest, Verdict};

/// The evidence that names a signer of the publisher.
pub const EXPECTED_SIGNER: &str = "expected_signer";

/// Most signers of a publisher that a judgement names.
const MAX_SIGNERS_TOLD: usize = 4;

/// The publishers that the organisation's rules know.
pub struct Publishers<'a>(BTreeMap<&'a AppId, BTreeSet<&'a SignerDigest>>);

impl<'a> Publishers<'a> {
    /// Those of `rules`.
    pub fn of(rules: &'a AppRules) -> Self {
        let mut known: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for publisher in &rules.publishers {
            known
                .entry(&publisher.id)
                .or_default()
                .extend(publisher.signers.iter().filter(|it| identifies(it)));
        }
        Self(known)
    }

    /// Judges the apps whose publisher is known. What compares with no digest that is told is inconclusive.
    pub fn judge(&self, inventory: &Inventory) -> Vec<Judgement> {
        let judge = |app: &AppRecord| judge(app, self.0.get(app.id.as_ref()?)?);
        one_per_app(inventory.apps.iter().filter_map(judge))
    }

    /// Whether `app` is signed by its publisher: then it is the real one, whatever was there before.
    pub fn signed(&self, app: &AppRecord) -> bool {
        let publisher = app.id.as_ref().and_then(|id| self.0.get(id));
        publisher.is_some_and(|publisher| app.signers.iter().any(|signer| publisher.contains(signer)))
    }
}

fn judge(app: &AppRecord, publisher: &BTreeSet<&SignerDigest>) -> Option<Judgement> {
    let comparable: Vec<_> = app.signers.iter().filter(|it| identifies(it)).collect();
    if comparable.iter().any(|signer| publisher.contains(signer)) {
        return None;
    }
    let same_kind =
        |signer: &&SignerDigest| publisher.iter().any(|it| discriminant(*it) == discriminant(*signer));
    let compared: Vec<_> = comparable.iter().copied().filter(same_kind).collect();
    if compared.is_empty() {
        let reason =
            format!("nothing tells who signed {} in a form that compares with its publisher's", name(app));
        return Some(about(app, Detection::ResignedApp, Verdict::Inconclusive, reason));
    }
    let reason =
        format!("{} is not signed by its publisher: somebody else made it, or changed it", name(app));
    let judgement = compared
        .iter()
        .fold(about(app, Detection::ResignedApp, Verdict::Confirmed, reason), |judgement, signer| {
            judgement.with("signer_now", signer)
        });
    Some(
        publisher
            .iter()
            .take(MAX_SIGNERS_TOLD)
            .fold(judgement, |it, signer| it.with(EXPECTED_SIGNER, signer)),
    )
}

/// Java's 32-bit hash codes identify nobody.
fn identifies(signer: &SignerDigest) -> bool {
    !matches!(signer, SignerDigest::HashCode(_))
}
