//! Added root certificates.

use super::*;

pub(super) fn root(subject: &str) -> AddedRoot {
    AddedRoot {
        sha256: Sha256::of(subject.as_bytes()),
        spki: SpkiPin::of_spki(subject.as_bytes()),
        subject: subject.into(),
    }
}

fn with_roots(roots: Vec<AddedRoot>) -> World {
    World::phone().with(|it| it.added_roots = Fact::known(roots))
}

#[test]
fn a_root_that_nobody_declared_is_told_and_one_that_is_declared_is_benign() {
    let mut world = with_roots(vec![root("CN=Acme Inspection"), root("CN=Evil Root")]);
    world.settings.network.inspection_roots = vec![root("CN=Acme Inspection").spki];
    assert_eq!(
        world.judged(Detection::UndeclaredRoot),
        [("CN=Evil Root".to_owned(), Verdict::Confirmed), ("CN=Acme Inspection".to_owned(), Verdict::Benign)]
    );
    assert_eq!(with_roots(vec![]).judged(Detection::UndeclaredRoot), []);
}

#[test]
fn a_declared_name_under_another_key_is_not_declared() {
    let mut world = with_roots(vec![root("CN=Acme Inspection")]);
    world.settings.network.inspection_roots = vec![SpkiPin::of_spki(b"the key that was declared")];
    assert_eq!(world.judged(Detection::UndeclaredRoot)[0].1, Verdict::Confirmed);
}

#[test]
fn a_root_without_a_name_is_told_by_its_digest() {
    let judged = with_roots(vec![root("")]).judged(Detection::UndeclaredRoot);
    assert_eq!(judged[0].0, Sha256::of(b"").to_string());
}
