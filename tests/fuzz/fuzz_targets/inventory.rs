//! An export of installed apps: detected, read in every format, and as a list of managed apps.

#![no_main]

use agent_core::inventory::{Format, InventoryDiff, detect, diff, read, read_managed};

const FORMATS: [Format; 6] = [
    Format::AppleMdm,
    Format::AndroidDumpsys,
    Format::AndroidPmList,
    Format::AndroidManagement,
    Format::MicrosoftGraph,
    Format::Dpkg,
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    detect(bytes);
    let managed = read_managed(bytes);
    for format in FORMATS {
        let Ok(mut inventory) = read(format, bytes) else { continue };
        let unchanged = InventoryDiff { unclear: Vec::new(), ..diff(&inventory, &inventory) };
        assert!(unchanged.is_empty(), "{format:?} {unchanged:?}");
        if let Ok(managed) = &managed {
            managed.join(&mut inventory);
        }
    }
});
