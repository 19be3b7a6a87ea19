use super::support::*;
use crate::store::*;

#[test]
fn a_value_is_kept_replaced_and_removed() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(read(&store, |tx| tx.get::<String>(Slot::Settings)), None);
    write(&store, |tx| tx.put(Slot::Settings, &"one"));
    write(&store, |tx| tx.put(Slot::Settings, &"two"));
    write(&store, |tx| tx.put(Slot::Enrolment, &7));
    drop(store);

    let store = place.open();
    assert_eq!(read(&store, |tx| tx.get(Slot::Settings)), Some("two".to_owned()));
    assert_eq!(read(&store, |tx| tx.get(Slot::Enrolment)), Some(7));
    write(&store, |tx| tx.delete(Slot::Settings));
    assert_eq!(read(&store, |tx| tx.get::<String>(Slot::Settings)), None);
}

#[test]
fn a_value_of_another_type_is_an_error_without_content() {
    let place = Place::new();
    let store = place.open();
    write(&store, |tx| tx.put(Slot::Settings, &"secret"));
    let error = store.read(|tx| tx.get::<u64>(Slot::Settings)).unwrap_err();
    assert_eq!(error.to_string(), "store: a value of slots cannot be read");
}

#[test]
fn a_transaction_that_fails_or_panics_changes_nothing() {
    let place = Place::new();
    let store = place.open();
    write(&store, |tx| tx.put(Slot::LastLevel, &1));

    let failed: Result<(), StoreError> = store.write(|tx| {
        tx.put(Slot::LastLevel, &2)?;
        assert_eq!(tx.get(Slot::LastLevel)?, Some(2), "sees its own change");
        Err(StoreError::NotEnrolled)
    });
    assert!(failed.is_err());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        write::<()>(&store, |tx| {
            tx.put(Slot::LastLevel, &3)?;
            panic!("in the middle")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(read(&store, |tx| tx.get(Slot::LastLevel)), Some(1));
}

#[test]
fn the_store_is_shared_between_threads() {
    let place = Place::new();
    let store = place.open();
    write(&store, |tx| tx.put(Slot::LastLevel, &0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    write(&store, |tx| {
                        let value: u32 = tx.get(Slot::LastLevel)?.unwrap();
                        tx.put(Slot::LastLevel, &(value + 1))
                    });
                }
            });
        }
    });
    assert_eq!(read(&store, |tx| tx.get(Slot::LastLevel)), Some(40));
}
