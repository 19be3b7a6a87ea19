use super::support::*;
use crate::store::limits::MAX_BASELINES;
use crate::store::*;

fn remembered(store: &Store, network: &str) -> Option<String> {
    read(store, |tx| tx.baseline(network))
}

#[test]
fn each_network_has_its_own_baseline() {
    let place = Place::new();
    let store = place.open();
    write(&store, |tx| tx.put_baseline("home", &"first", NOW));
    write(&store, |tx| tx.put_baseline("office", &"other", NOW));
    write(&store, |tx| tx.put_baseline("home", &"second", NOW));
    assert_eq!(remembered(&store, "home").as_deref(), Some("second"));
    assert_eq!(remembered(&store, "office").as_deref(), Some("other"));
    assert_eq!(remembered(&store, "café"), None);
}

#[test]
fn the_network_that_was_not_renewed_for_longest_is_forgotten() {
    let place = Place::new();
    let store = place.open();
    write(&store, |tx| {
        for n in 0..MAX_BASELINES {
            tx.put_baseline(&format!("network-{n}"), &"x", NOW.plus_seconds(n))?;
        }
        tx.put_baseline("network-0", &"x", NOW.plus_seconds(1000))
    });
    // The clock was set back: the newest entry stays all the same.
    write(&store, |tx| tx.put_baseline("new", &"x", NOW.plus_seconds(-1000)));
    assert!(remembered(&store, "new").is_some());
    assert!(remembered(&store, "network-0").is_some());
    assert!(remembered(&store, "network-1").is_none());
    assert!(remembered(&store, "network-2").is_some());
}
