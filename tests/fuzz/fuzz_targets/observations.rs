//! The record of a scan, judged: the same each time, every check once, nothing lost when it is recorded again.

#![no_main]

use std::collections::BTreeSet;

use agent_core::network::judge;
use agent_core::network::observation::Observations;
use mtd_fuzz::{NOW, settings};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(seen) = serde_json::from_slice::<Observations>(bytes) else { return };
    let outcomes = judge(&seen, &settings(), NOW);
    let checks: BTreeSet<_> = outcomes.iter().map(|outcome| outcome.check).collect();
    assert_eq!(checks.len(), outcomes.len());
    assert_eq!(judge(&seen, &settings(), NOW), outcomes);

    let again = serde_json::to_vec(&seen).expect("a record is JSON");
    assert_eq!(serde_json::from_slice::<Observations>(&again).expect("a record is read again"), seen);
});
