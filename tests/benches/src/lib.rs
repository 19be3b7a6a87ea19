//! Ratios of what criterion has measured in one run.
//!
//! A time says as much about the machine as about the code; two times of one run on one machine can be divided.

use std::path::Path;

/// The median of `group/name` as criterion has left it below `output`, in nanoseconds; `None` where it was not run.
pub fn median(output: &Path, group: &str, name: &str) -> Option<f64> {
    let path = output.join(group).join(name).join("new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    estimates.get("median")?.get("point_estimate")?.as_f64()
}

/// A line of a table: the time of `name`, and what it is of the time of `unit`.
pub fn line(output: &Path, group: &str, name: &str, unit: &str) -> Option<String> {
    let (time, unit_time) = (median(output, group, name)?, median(output, group, unit)?);
    Some(format!("{name:<44} {:>12} {:>10.2} x {unit}", shown(time), time / unit_time))
}

fn shown(nanoseconds: f64) -> String {
    match nanoseconds {
        it if it < 1e3 => format!("{it:.0} ns"),
        it if it < 1e6 => format!("{:.2} us", it / 1e3),
        it => format!("{:.2} ms", it / 1e6),
    }
}
