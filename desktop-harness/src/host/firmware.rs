//! What the firmware tells: whether this machine is a virtual one, and who vouches for what starts it.
//!
//! Neither answers the question that a phone is asked. A virtual machine is what many desktops and all build servers are, and
//! no emulated phone; Secure Boot vouches for the boot loader, not for the system. So both facts are not available, and
//! say what is known.

use agent_core::model::Fact;

use super::files::{Files, unreadable};

/// DMI names by which hypervisors introduce themselves, in lower case, and what people call them.
const HYPERVISORS: &[(&str, &str)] = &[
    ("kvm", "KVM"),
    ("qemu", "QEMU"),
    ("vmware", "VMware"),
    ("virtualbox", "VirtualBox"),
    ("innotek", "VirtualBox"),
    ("xen", "Xen"),
    ("bochs", "Bochs"),
    ("parallels", "Parallels"),
    ("virtual machine", "Hyper-V"),
    ("amazon ec2", "Amazon EC2"),
    ("google compute engine", "Google Compute Engine"),
];

/// DMI tables in which they do.
const DMI: &[&str] = &["/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name"];

const CPU: &str = "/proc/cpuinfo";

/// The UEFI variable of that name (UEFI specification, *Globally Defined Variables*): four bytes of attributes, one of
/// state.
const SECURE_BOOT: &str = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// Signs of an emulator: none on a machine of its own.
pub fn emulator_signs(files: &Files) -> Fact<Vec<String>> {
    let cpu = match files.text(CPU) {
        Ok(cpu) => cpu,
        Err(error) => return unreadable(CPU, &error),
    };
    let mut features = cpu.lines().filter(|line| line.starts_with("flags")).flat_map(str::split_whitespace);
    let names = DMI.iter().filter_map(|path| files.text(path).ok()).map(|name| name.to_lowercase());
    let named = names
        .filter_map(|name| HYPERVISORS.iter().find(|(known, _)| name.contains(known)))
        .map(|(_, name)| *name)
        .next();
    match named.or_else(|| features.any(|feature| feature == "hypervisor").then_some("of unknown make")) {
        None => Fact::known(Vec::new()),
        Some(make) => Fact::not_available(format!(
            "this is a virtual machine ({make}), as many desktops are, and tells nothing of an emulated device"
        )),
    }
}

/// Why there is no word on verified boot.
pub fn boot_gap(files: &Files) -> String {
    match files.text(SECURE_BOOT).ok().and_then(|variable| variable.as_bytes().get(4).copied()) {
        Some(1) => {
            "Secure Boot is on, which vouches for what starts the system, and not for the system itself"
        }
        Some(_) => "Secure Boot is off, as on many desktops: nothing vouches for what starts the system",
        None => "this machine does not tell of Secure Boot",
    }
    .to_owned()
}
