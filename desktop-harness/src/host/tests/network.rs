//! The network, by the tables of the kernel and the resolver's configuration.

use agent_core::model::{Fact, Proxy, Transport};
use proptest::prelude::*;

use super::Machine;
use crate::host::environment::Environment;
use crate::host::network::network_snapshot;

const HEADER: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

fn on_wifi() -> Machine {
    Machine::new()
        .file(
            "/proc/net/route",
            &format!(
                "{HEADER}wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
                 eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
                 wlan0\t0000A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n"
            ),
        )
        .file(
            "/proc/net/ipv6_route",
            "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
             fe800000000000000000000000000001 00000400 00000001 00000000 00450003     eth0\n\
             00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
             00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n",
        )
        .file(
            "/etc/resolv.conf",
            "# made\nsearch example\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver x\n",
        )
        .file("/sys/class/net/eth0/flags", "0x1003\n")
}

#[test]
fn the_best_route_names_the_network_and_every_gateway_is_told() {
    let snapshot = network_snapshot(&on_wifi().files(), &Environment::default());

    assert_eq!(snapshot.name, Fact::known("eth0".to_owned()));
    assert_eq!(
        snapshot.gateways,
        Fact::known(vec!["192.0.2.1".to_owned(), "192.168.0.1".to_owned(), "fe80::1".to_owned()])
    );
    assert_eq!(snapshot.dns_servers, Fact::known(vec!["192.0.2.1".to_owned(), "fe80::1%eth0".to_owned()]));
    assert_eq!(snapshot.vpns, Fact::known(vec![]));
    assert_eq!(snapshot.proxies, Fact::known(vec![]));
    assert!(snapshot.captive.value().is_none());
}

#[test]
fn a_machine_without_a_route_is_on_no_network_but_known_to_have_no_gateway() {
    let machine = Machine::new().file("/proc/net/route", HEADER);
    let snapshot = network_snapshot(&machine.files(), &Environment::default());

    assert_eq!(snapshot.name, Fact::not_available("this device has no default route: it is on no network"));
    assert_eq!(snapshot.gateways, Fact::known(vec![]));
}

#[test]
fn what_carries_the_network_is_told_by_its_interface() {
    for (file, content, expected) in [
        ("type", "1\n", Transport::Ethernet),
        ("phy80211/index", "0\n", Transport::Wifi),
        ("uevent", "DEVTYPE=wwan\nINTERFACE=eth0\n", Transport::Cellular),
        ("uevent", "DEVTYPE=bluetooth\n", Transport::Other),
        ("type", "512\n", Transport::Other),
    ] {
        let machine = on_wifi().file(&format!("/sys/class/net/eth0/{file}"), content);
        let snapshot = network_snapshot(&machine.files(), &Environment::default());
        assert_eq!(snapshot.transport, Fact::known(expected), "{file} {content}");
        let why = match expected {
            Transport::Wifi => "this host does not ask the kernel about a Wi-Fi (nl80211)",
            _ => "eth0 is no Wi-Fi",
        };
        assert_eq!(snapshot.ssid, Fact::not_available(why));
    }
}

#[test]
fn the_dhcp_server_is_told_by_whichever_client_has_a_lease() {
    let lease = "lease {\n  interface \"eth0\";\n  option dhcp-server-identifier 192.0.2.1;\n}\n";
    let message = format!("{}\u{36}\u{4}\u{1}\u{2}\u{3}\u{4}", "\0".repeat(240));
    for (file, content, server) in [
        (
            "/run/systemd/netif/leases/2",
            "# private\nADDRESS=192.0.2.9\nSERVER_ADDRESS=192.0.2.1\n",
            "192.0.2.1",
        ),
        ("/var/lib/NetworkManager/internal-0c8a-eth0.lease", "SERVER_ADDRESS=192.0.2.1\n", "192.0.2.1"),
        ("/var/lib/NetworkManager/dhclient-0c8a-eth0.lease", lease, "192.0.2.1"),
        ("/var/lib/dhcp/dhclient.eth0.leases", lease, "192.0.2.1"),
        ("/var/lib/dhcpcd/eth0.lease", message.as_str(), "1.2.3.4"),
    ] {
        let machine = on_wifi().file("/sys/class/net/eth0/ifindex", "2\n").file(file, content);
        let snapshot = network_snapshot(&machine.files(), &Environment::default());
        assert_eq!(snapshot.dhcp_server, Fact::known(server.parse().unwrap()), "{file}");
    }
}

#[test]
fn a_lease_of_another_interface_is_not_this_networks() {
    let machine = on_wifi()
        .file("/sys/class/net/eth0/ifindex", "2\n")
        .file("/run/systemd/netif/leases/3", "SERVER_ADDRESS=192.0.2.1\n")
        .file("/var/lib/NetworkManager/internal-0c8a-veth0.lease", "SERVER_ADDRESS=192.0.2.1\n")
        .file("/var/lib/dhcpcd/eth01.lease", "");
    let snapshot = network_snapshot(&machine.files(), &Environment::default());
    let why = "no DHCP client of this machine shows a lease of eth0";
    assert_eq!(snapshot.dhcp_server, Fact::not_available(why));
}

#[test]
fn the_servers_behind_the_local_stub_are_told_where_they_are_known() {
    let stub = on_wifi().file("/etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0\n");
    let snapshot = network_snapshot(&stub.files(), &Environment::default());
    assert_eq!(snapshot.dns_servers, Fact::known(vec!["127.0.0.53".to_owned()]));

    let resolved = stub.file("/run/systemd/resolve/resolv.conf", "nameserver 198.51.100.7\n");
    let snapshot = network_snapshot(&resolved.files(), &Environment::default());
    assert_eq!(snapshot.dns_servers, Fact::known(vec!["198.51.100.7".to_owned()]));
}

#[test]
fn tunnels_that_are_up_are_vpns_and_a_virtual_machines_tap_is_not() {
    let machine = on_wifi()
        .file("/sys/class/net/wg0/flags", "0x91\n")
        .file("/sys/class/net/wg0/uevent", "DEVTYPE=wireguard\nINTERFACE=wg0\n")
        .file("/sys/class/net/tun0/flags", "0x1091\n")
        .file("/sys/class/net/tun0/tun_flags", "0x1001\n")
        .file("/sys/class/net/tun1/flags", "0x1090\n")
        .file("/sys/class/net/tun1/tun_flags", "0x1001\n")
        .file("/sys/class/net/vnet0/flags", "0x1003\n")
        .file("/sys/class/net/vnet0/tun_flags", "0x1002\n")
        .file("/sys/class/net/ppp0/flags", "0x10d1\n")
        .file("/sys/class/net/ppp0/type", "512\n");
    let snapshot = network_snapshot(&machine.files(), &Environment::default());

    let names = ["ppp0", "tun0", "wg0"].map(str::to_owned).to_vec();
    assert_eq!(snapshot.vpns, Fact::known(names));
}

#[test]
fn proxies_of_the_session_and_of_every_session_are_told_once_and_without_credentials() {
    let machine = on_wifi().file(
        "/etc/environment",
        "PATH=/usr/bin\nexport https_proxy=\"http://user:secret@proxy.example:3128/\"\n",
    );
    let environment = Environment::from([
        ("HTTPS_PROXY", "http://proxy.example:3128"),
        ("all_proxy", "socks5://127.0.0.1"),
        ("http_proxy", ""),
    ]);
    let snapshot = network_snapshot(&machine.files(), &environment);

    let proxy =
        |scheme: &str, address: &str| Proxy { scheme: scheme.to_owned(), address: address.to_owned() };
    assert_eq!(
        snapshot.proxies,
        Fact::known(vec![proxy("all", "127.0.0.1:1080"), proxy("https", "proxy.example:3128")])
    );
}

#[test]
fn the_values_of_variables_are_never_printed() {
    let environment = Environment::from([("https_proxy", "http://user:secret@proxy.example")]);
    assert_eq!(format!("{environment:?}"), "{\"https_proxy\"}");
}

proptest! {
    #[test]
    fn any_tables_are_read_without_panic(text in "(?s).{0,300}", fields in "([0-9a-fxX%. \t\n]|eth0|nameserver ){0,80}") {
        for table in [&text, &fields] {
            let machine = Machine::new()
                .file("/proc/net/route", table)
                .file("/proc/net/ipv6_route", table)
                .file("/etc/resolv.conf", table)
                .file("/etc/environment", &format!("http_proxy={table}"))
                .file("/sys/class/net/tun0/tun_flags", table)
                .file("/sys/class/net/eth0/uevent", table)
                .file("/var/lib/dhcp/dhclient.leases", table);
            network_snapshot(&machine.files(), &Environment::from([("all_proxy", table.as_str())]));
        }
    }
}
