//! What is out of the ordinary in a chain, for an administrator: what was seen, what it means, what to do.

/// What to do about a device of which there may be two.
const RE_ENROL: &str = "look at the device, revoke it, and enrol it with a new key";

pub(super) fn duplicate(seq: u64) -> String {
    format!("report {seq} was given twice with the same content: it was sent again, which is as it should be")
}

pub(super) fn starts_late(first: u64) -> String {
    format!(
        "the first report here is number {first}: those before it are on the way, were kept back, or were not given; rely on \
         nothing before it"
    )
}

pub(super) fn clock_backwards(before: u64, after: u64) -> String {
    format!(
        "report {after} is dated before report {before}: the device's clock was set back. Nothing is lost, for the \
         numbers tell the order; do not rely on the times until its clock is right"
    )
}

pub(super) fn replaced(seq: u64, by: &str) -> String {
    format!("report {seq} was too large and was sent in parts: {by}; nothing is missing")
}

pub(super) fn replaced_another(seq: u64, by: &str) -> String {
    format!(
        "reports {by} replace another report {seq} than there is: the device was cloned or set back: {RE_ENROL}"
    )
}

/// `missing` reports, of which the first is number `lowest` and the last is number `highest`.
pub(super) fn gap(missing: u64, lowest: u64, highest: u64) -> String {
    let which = match missing {
        1 => format!("report {lowest} is"),
        _ => format!("reports {lowest} to {highest} are"),
    };
    format!(
        "{which} missing ({missing}): still on the way, dropped by a device whose queue was full (a later report tells \
         how many), or kept back by somebody: if they do not come with the device's next reports, ask why"
    )
}

pub(super) fn began_again() -> String {
    format!(
        "two different reports have number 1: the numbering began again within one enrolment, as after its data were \
         restored from a copy made at the enrolment: {RE_ENROL}"
    )
}

pub(super) fn forked(seq: u64, in_turns: bool) -> String {
    let after = seq.saturating_sub(1);
    match in_turns {
        true => format!(
            "two different reports have number {seq}, and both were continued in turns: since report {after}, two \
             devices speak as one. Its key and state were cloned: {RE_ENROL}; whoever has the copy is locked out by that"
        ),
        false => format!(
            "two different reports have number {seq}: after report {after} the device was cloned, or set back to an \
             earlier state, as by restoring a backup or a snapshot. If nobody restored it, hold it for cloned: {RE_ENROL}"
        ),
    }
}

pub(super) fn forked_before(seq: u64, first: u64) -> String {
    format!("two different reports have number {seq} too: what began at report {first} goes on")
}

pub(super) fn reused_jti(seq: u64) -> String {
    format!(
        "report {seq} has the identifier of another: a receiver drops one of them. The device repeats its random \
         numbers, as a copied virtual machine does, or somebody else makes its reports: {RE_ENROL}"
    )
}

pub(super) fn first_with_past(seq: u64) -> String {
    format!(
        "report {seq} links to one before it, where none can be: what the device keeps is mixed up or was put together: \
         {RE_ENROL}"
    )
}

pub(super) fn without_link(seq: u64) -> String {
    format!(
        "report {seq} does not link to the one before it, as if it were the first: what the device keeps was lost or \
         replaced: {RE_ENROL}"
    )
}

pub(super) fn regression(seq: u64, found: u64) -> String {
    let before = seq.saturating_sub(1);
    format!(
        "report {seq} links to report {found}, not {before}: the device was cloned, or set back to an earlier state: \
         {RE_ENROL}"
    )
}

pub(super) fn other_predecessor(seq: u64, before: u64) -> String {
    format!(
        "report {seq} links to another report {before} than the one given: there are two, so the device was cloned or set \
         back, or the one given is not the device's: {RE_ENROL}"
    )
}

pub(super) fn shared_link(earlier: u64, seq: u64) -> String {
    format!(
        "reports {earlier} and {seq} link to one and the same report, which cannot come before both: the device was \
         cloned, or set back to an earlier state: {RE_ENROL}"
    )
}

pub(super) fn retired_key(seq: u64, successor: u64) -> String {
    format!(
        "report {seq} is under an earlier key of the device, which report {successor} had retired: somebody still has \
         that key: {RE_ENROL}"
    )
}
