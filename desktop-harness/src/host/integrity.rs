//! Signs of root and of tampering with the system, and debugging switches that are on.
//!
//! To be root on one's own desktop is no sign; neither is a module from outside the kernel's tree, which every
//! graphics driver may be. A sign is something that an honest installation does not show.

use agent_core::model::Fact;

use super::accounts;
use super::files::{Files, unreadable};

/// The kernel's taint bit 1, `F`: a module was loaded by force (admin-guide/tainted-kernels).
const TAINT_FORCED_MODULE: u64 = 1 << 1;

/// The kernel's taint bit 13, `E`: an unsigned module was loaded.
const TAINT_UNSIGNED_MODULE: u64 = 1 << 13;

const TAINTED: &str = "/proc/sys/kernel/tainted";

/// Signs that somebody made themselves root, each in words.
pub fn root_signs(files: &Files) -> Fact<Vec<String>> {
    match files.text(accounts::PASSWD) {
        Ok(passwd) => Fact::known(accounts::signs(files, &passwd)),
        Err(error) => unreadable(accounts::PASSWD, &error),
    }
}

/// Signs that the kernel is not as it was shipped, each in words.
pub fn tamper_signs(files: &Files) -> Fact<Vec<String>> {
    let taint: u64 = match files.text(TAINTED).map(|text| text.trim().parse()) {
        Ok(Ok(bits)) => bits,
        Ok(Err(_)) => return Fact::not_available(format!("{TAINTED} does not hold a number")),
        Err(error) => return unreadable(TAINTED, &error),
    };
    let mut signs = Vec::new();
    if taint & TAINT_FORCED_MODULE != 0 {
        signs.push("a kernel module was loaded by force, past the kernel's own checks".to_owned());
    }
    if taint & TAINT_UNSIGNED_MODULE != 0 && is_locked_down(files) {
        signs.push("an unsigned kernel module was loaded although the kernel is locked down".to_owned());
    }
    Fact::known(signs)
}

/// Debugging switches that are on, each in words.
pub fn debug_flags(files: &Files) -> Fact<Vec<String>> {
    let status = match files.text("/proc/self/status") {
        Ok(status) => status,
        Err(error) => return unreadable("/proc/self/status", &error),
    };
    let reads = |path: &str, value: &str| files.text(path).is_ok_and(|text| text.trim() == value);
    let mut flags = Vec::new();
    if tracer(&status).is_some_and(|process| process != 0) {
        flags.push("a debugger is attached to the agent".to_owned());
    }
    if reads("/proc/sys/kernel/yama/ptrace_scope", "0") {
        flags.push(
            "every program may debug the user's other programs (kernel.yama.ptrace_scope = 0)".to_owned(),
        );
    }
    if reads("/sys/fs/selinux/enforce", "0") {
        flags.push("SELinux only warns (permissive)".to_owned());
    }
    Fact::known(flags)
}

/// Whether the kernel refuses unsigned modules: `none [integrity] confidentiality` has one of the last two
/// chosen.
fn is_locked_down(files: &Files) -> bool {
    let modes = files.text("/sys/kernel/security/lockdown").unwrap_or_default();
    modes.contains("[integrity]") || modes.contains("[confidentiality]")
}

/// `TracerPid` of proc_pid_status(5).
fn tracer(status: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?.trim().parse().ok()
}
