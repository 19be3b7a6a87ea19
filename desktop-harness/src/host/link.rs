//! What an interface is made of, by sysfs.

use agent_core::model::{Fact, Transport};

use super::files::{Files, unreadable};

/// The folder of all interfaces.
pub const INTERFACES: &str = "/sys/class/net";

/// Interface type of Ethernet (linux/if_arp.h), and of everything that looks like it.
const ARPHRD_ETHER: u32 = 1;

/// What carries the traffic of `interface`.
pub fn transport(files: &Files, interface: &str) -> Fact<Transport> {
    let folder = format!("{INTERFACES}/{interface}");
    let entries = match files.names(&folder) {
        Ok(entries) => entries,
        Err(error) => return unreadable(&folder, &error),
    };
    let uevent = files.text(format!("{folder}/uevent")).unwrap_or_default();
    let device = uevent.lines().find_map(|line| line.strip_prefix("DEVTYPE="));
    let kind = files.text(format!("{folder}/type")).ok().and_then(|text| text.trim().parse().ok());
    Fact::known(match (device, kind) {
        _ if entries.iter().any(|entry| entry == "phy80211" || entry == "wireless") => Transport::Wifi,
        (Some("wwan"), _) => Transport::Cellular,
        // A telephone or another computer shares its own network.
        (Some("bluetooth"), _) => Transport::Other,
        (_, Some(ARPHRD_ETHER)) => Transport::Ethernet,
        _ => Transport::Other,
    })
}

/// The kernel's number of `interface`.
pub fn index(files: &Files, interface: &str) -> Option<u32> {
    files.text(format!("{INTERFACES}/{interface}/ifindex")).ok()?.trim().parse().ok()
}
