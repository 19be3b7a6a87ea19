//! The DHCP server that gave this machine its address, as the DHCP client wrote it down.
//!
//! | client | file | format |
//! |---|---|---|
//! | systemd-networkd | `/run/systemd/netif/leases/INDEX` | `SERVER_ADDRESS=192.0.2.1` |
//! | NetworkManager | `/var/lib/NetworkManager/internal-UUID-INTERFACE.lease` | the same |
//! | dhclient, also below NetworkManager | `/var/lib/dhcp/*.leases`, `/var/lib/NetworkManager/dhclient-*.lease` | blocks, the last is in force |
//! | dhcpcd | `/var/lib/dhcpcd/INTERFACE*.lease` | the server's message (RFC 2131) |

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr};

use agent_core::model::Fact;

use super::files::{Files, read_whole};
use super::link::index;

const NETWORKD: &str = "/run/systemd/netif/leases";
const NETWORK_MANAGER: &str = "/var/lib/NetworkManager";
const DHCLIENT: &str = "/var/lib/dhcp";
const DHCPCD: &str = "/var/lib/dhcpcd";

/// Largest DHCP message that is read, in bytes: an Ethernet frame's worth. dhcpcd's own buffer is as large.
const MAX_MESSAGE: u64 = 1500;

/// Bytes before the options of a message (RFC 2131, figure 1), the magic cookie among them.
const OPTIONS: usize = 240;

/// Options (RFC 2132): padding, the end, and the server's address.
const PAD: u8 = 0;
const END: u8 = 255;
const SERVER_IDENTIFIER: u8 = 54;

/// The server whose lease `interface` has.
pub fn dhcp_server(files: &Files, interface: &str) -> Fact<IpAddr> {
    let readers = [networkd, network_manager, dhclient, dhcpcd];
    let mut hidden = None;
    for reader in readers {
        match reader(files, interface) {
            Ok(Some(server)) => return Fact::known(server.into()),
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::PermissionDenied => hidden = Some(error),
            Err(_) => {}
        }
    }
    match hidden {
        Some(error) => Fact::not_permitted(format!(
            "the leases of this machine's DHCP client may not be read by the user that runs the agent: {error}"
        )),
        None => Fact::not_available(format!("no DHCP client of this machine shows a lease of {interface}")),
    }
}

fn networkd(files: &Files, interface: &str) -> io::Result<Option<Ipv4Addr>> {
    let Some(index) = index(files, interface) else { return Ok(None) };
    Ok(assigned(&files.text(format!("{NETWORKD}/{index}"))?))
}

fn network_manager(files: &Files, interface: &str) -> io::Result<Option<Ipv4Addr>> {
    for name in files.names(NETWORK_MANAGER)? {
        let path = format!("{NETWORK_MANAGER}/{name}");
        let is_of_interface = name.ends_with(&format!("-{interface}.lease"));
        let server = match name.split_once('-') {
            Some(("internal", _)) if is_of_interface => assigned(&files.text(path)?),
            Some(("dhclient", _)) if is_of_interface => last_block(&files.text(path)?, interface),
            _ => None,
        };
        if server.is_some() {
            return Ok(server);
        }
    }
    Ok(None)
}

/// Reads `SERVER_ADDRESS=192.0.2.1`.
fn assigned(text: &str) -> Option<Ipv4Addr> {
    text.lines().find_map(|line| line.strip_prefix("SERVER_ADDRESS="))?.trim().parse().ok()
}

fn dhclient(files: &Files, interface: &str) -> io::Result<Option<Ipv4Addr>> {
    for name in files.names(DHCLIENT)?.iter().filter(|name| name.ends_with(".leases")) {
        let server = last_block(&files.text(format!("{DHCLIENT}/{name}"))?, interface);
        if server.is_some() {
            return Ok(server);
        }
    }
    Ok(None)
}

/// The server of the last lease of `interface` in dhclient.leases(5).
fn last_block(text: &str, interface: &str) -> Option<Ipv4Addr> {
    let blocks = text.split("lease {").skip(1).map(|block| block.split('}').next().unwrap_or_default());
    let statement = |block: &str, name: &str| {
        let statements = block.split(';').map(str::trim);
        statements.filter_map(|it| it.strip_prefix(name)).next().map(|value| value.trim().to_owned())
    };
    let quoted = format!("\"{interface}\"");
    let own = blocks.filter(|block| statement(block, "interface ").is_some_and(|named| named == quoted));
    statement(own.last()?, "option dhcp-server-identifier ")?.parse().ok()
}

fn dhcpcd(files: &Files, interface: &str) -> io::Result<Option<Ipv4Addr>> {
    // A Wi-Fi's lease has the network's name after the interface's.
    let is_of_interface = |name: &&String| {
        let rest = name.strip_prefix(interface).and_then(|rest| rest.strip_suffix(".lease"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    for name in files.names(DHCPCD)?.iter().filter(is_of_interface) {
        let message = read_whole(&files.locate(format!("{DHCPCD}/{name}")), MAX_MESSAGE)?;
        if let Some(server) = server_identifier(&message) {
            return Ok(Some(server));
        }
    }
    Ok(None)
}

fn server_identifier(message: &[u8]) -> Option<Ipv4Addr> {
    let mut options = message.get(OPTIONS..)?;
    loop {
        match options {
            [PAD, rest @ ..] => options = rest,
            [END, ..] => return None,
            [code, length, rest @ ..] => {
                let (value, rest) = rest.split_at_checked(usize::from(*length))?;
                if *code == SERVER_IDENTIFIER {
                    return <[u8; 4]>::try_from(value).ok().map(Ipv4Addr::from);
                }
                options = rest;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(options: &[u8]) -> Vec<u8> {
        [vec![0; OPTIONS], options.to_vec()].concat()
    }

    #[test]
    fn the_server_of_a_dhcp_message_is_found_among_its_options() {
        let options = [53, 1, 5, PAD, 54, 4, 192, 0, 2, 1, 51, 4, 0, 0, 14, 16, END];
        assert_eq!(server_identifier(&message(&options)), Some([192, 0, 2, 1].into()));
    }

    #[test]
    fn a_message_without_a_whole_server_has_none() {
        for options in [&[][..], &[END, 54, 4, 192, 0, 2, 1], &[54, 4, 192, 0, 2], &[54, 2, 192, 0], &[54]] {
            assert_eq!(server_identifier(&message(options)), None, "{options:?}");
        }
    }

    #[test]
    fn the_last_lease_of_the_interface_is_in_force() {
        let lease = |interface: &str, server: &str| {
            format!(
                "lease {{\n  interface \"{interface}\";\n  fixed-address 192.0.2.9;\n  option dhcp-server-identifier \
                 {server};\n}}\n"
            )
        };
        let text =
            [lease("eth0", "192.0.2.1"), lease("eth0", "192.0.2.2"), lease("wlan0", "192.0.2.3")].concat();
        assert_eq!(last_block(&text, "eth0"), Some([192, 0, 2, 2].into()));
        assert_eq!(last_block(&text, "eth1"), None);
    }

    proptest! {
        #[test]
        fn any_lease_is_read_without_panic(
            options in prop::collection::vec(any::<u8>(), 0..100),
            text in "(lease \\{|\\}|;|interface \"eth0\"|option dhcp-server-identifier |\\PC|\n){0,40}",
        ) {
            server_identifier(&options);
            server_identifier(&message(&options));
            last_block(&text, "eth0");
            assigned(&text);
        }
    }
}
