//! The record of a scan, judged: the same each time, every check once, nothing lost when it is recorded again.

#![no_main]

use std::collections::BTreeSet;

use agent_core::network::observation::Observations;
use agent_core::network::{Recording, judge};
use mtd_fuzz::{NOW, settings};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(seen) = serde_json::from_slice::<Observations>(bytes) else { return };
    let mut recording = Recording::new(seen, settings(), NOW);
    let judged = judge(&recording);
    let checks: BTreeSet<_> = judged.outcomes.iter().map(|outcome| outcome.check).collect();
    assert_eq!(checks.len(), judged.outcomes.len());
    assert_eq!(judge(&recording), judged);

    let again = serde_json::to_vec(&recording).expect("a recording is JSON");
    assert_eq!(serde_json::from_slice::<Recording>(&again).expect("a recording is read again"), recording);

    // The next scan, with what is remembered of this one.
    recording.baseline = Some(judged.baseline);
    judge(&recording);
});
