use super::*;
use crate::model::Publisher;

fn signed(signers: &[SignerDigest]) -> AppRecord {
    AppRecord { signers: signers.to_vec(), ..from_play("a.bank") }
}

fn judged(app: AppRecord, signers: &[SignerDigest]) -> Vec<(Detection, Verdict)> {
    let publisher = Publisher { id: AppId::new("a.bank").unwrap(), signers: signers.to_vec() };
    let rules = AppRules { publishers: vec![publisher], ..AppRules::default() };
    let judgements = Publishers::of(&rules).judge(&inventory([app, from_play("b.other")]));
    judgements.iter().map(|it| (it.detection, it.verdict)).collect()
}

#[test]
fn an_app_that_its_publisher_did_not_sign_is_resigned() {
    let (sha1, other_sha1) = (SignerDigest::Sha1([1; 20]), SignerDigest::Sha1([2; 20]));
    let code = SignerDigest::HashCode(7);
    let resigned = |verdict| vec![(Detection::ResignedApp, verdict)];
    let cases = [
        (vec![sha256("bank")], vec![sha256("bank")], vec![]),
        (vec![sha256("bank")], vec![sha256("bank"), sha256("bank, before")], vec![]),
        // A rotated key keeps the former one in its lineage.
        (vec![sha256("new"), sha256("bank")], vec![sha256("bank")], vec![]),
        (vec![sha256("thief")], vec![sha256("bank")], resigned(Verdict::Confirmed)),
        (vec![other_sha1.clone()], vec![sha1.clone()], resigned(Verdict::Confirmed)),
        (vec![sha256("bank"), other_sha1], vec![sha256("bank"), sha1.clone()], vec![]),
        (vec![sha256("thief")], vec![sha1], resigned(Verdict::Inconclusive)),
        (vec![code.clone()], vec![code], resigned(Verdict::Inconclusive)),
        (vec![], vec![sha256("bank")], resigned(Verdict::Inconclusive)),
    ];
    for (signers, publisher, expected) in cases {
        assert_eq!(judged(signed(&signers), &publisher), expected, "{signers:?} of {publisher:?}");
    }
}

#[test]
fn an_unmanaged_copy_of_a_managed_app_is_found() {
    let state = |managed| AppRecord { managed, ..from_play("a.docs") };
    let judged = |apps: Vec<AppRecord>| told(&judge_twins(&inventory(apps))).len();
    assert_eq!(judged(vec![state(Some(true)), state(Some(false)), state(Some(false))]), 1);
    assert_eq!(judged(vec![state(Some(true)), state(Some(true))]), 0);
    assert_eq!(judged(vec![state(Some(false)), state(Some(false))]), 0);
    assert_eq!(judged(vec![state(Some(true)), state(None)]), 0, "not told is not unmanaged");
    let other = AppRecord { managed: Some(false), ..from_play("b.docs") };
    assert_eq!(judged(vec![state(Some(true)), other]), 0);
}
