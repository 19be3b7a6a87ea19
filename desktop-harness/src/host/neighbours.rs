//! The kernel's table of neighbours, ARP's and Neighbor Discovery's, by rtnetlink(7): `RTM_GETNEIGH`. Reading it needs
//! no privilege and sends no packet.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::net::IpAddr;

use agent_core::model::{Fact, MacAddress, Neighbour};
use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};

use super::files::Files;

/// Most entries that are told. The kernel keeps at most 1,024 of a family (`gc_thresh3`, arp(7)) unless told otherwise.
const MAX_NEIGHBOURS: usize = 2048;

/// Bytes that the kernel sends at once, at most: what it makes of a dump's parts.
const MAX_PART: usize = 32 * 1024;

/// States in which the hardware address is known (ip-neighbour(8)).
const RESOLVED: [NeighbourState; 5] = [
    NeighbourState::Reachable,
    NeighbourState::Stale,
    NeighbourState::Delay,
    NeighbourState::Probe,
    NeighbourState::Permanent,
];

/// The resolved neighbours on the interfaces with the numbers `interfaces`, sorted.
pub fn neighbours(files: &Files, interfaces: &BTreeSet<u32>) -> Fact<Vec<Neighbour>> {
    if !files.is_machine() {
        return Fact::not_available("the table of neighbours is told by a kernel, not by files");
    }
    match dump() {
        Ok(entries) => {
            let mut neighbours: Vec<_> = entries
                .iter()
                .filter(|entry| interfaces.contains(&entry.header.ifindex))
                .filter_map(neighbour)
                .collect();
            neighbours.sort();
            neighbours.truncate(MAX_NEIGHBOURS);
            Fact::known(neighbours)
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Fact::not_permitted("this process may not ask the kernel for its neighbours (rtnetlink)")
        }
        Err(error) => Fact::not_available(format!("the kernel did not tell its neighbours: {error}")),
    }
}

fn dump() -> io::Result<Vec<NeighbourMessage>> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // The kernel answers before `send` returns: there is nothing to wait for.
    socket.set_non_blocking(true)?;

    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_DUMP | NLM_F_REQUEST;
    let request = RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default());
    let mut request = NetlinkMessage::new(header, NetlinkPayload::from(request));
    request.finalize();
    let mut bytes = vec![0; request.buffer_len()];
    request.serialize(&mut bytes);
    socket.send(&bytes, 0)?;

    let mut entries = Vec::new();
    loop {
        let mut part = Vec::with_capacity(MAX_PART);
        socket.recv(&mut part, 0)?;
        let is_last = read(&part, &mut entries)?;
        if is_last || entries.len() >= MAX_NEIGHBOURS {
            return Ok(entries);
        }
    }
}

/// Adds the entries in one part of the answer to `entries`; whether it was the last part.
fn read(mut part: &[u8], entries: &mut Vec<NeighbourMessage>) -> io::Result<bool> {
    let invalid = |error: &dyn std::fmt::Display| io::Error::new(ErrorKind::InvalidData, error.to_string());
    while !part.is_empty() {
        let message =
            NetlinkMessage::<RouteNetlinkMessage>::deserialize(part).map_err(|error| invalid(&error))?;
        match message.payload {
            NetlinkPayload::Done(_) => return Ok(true),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewNeighbour(entry)) => entries.push(entry),
            _ => {}
        }
        // Messages begin at multiples of four bytes.
        let length = usize::try_from(message.header.length).unwrap_or(usize::MAX).max(1);
        part = part.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

fn neighbour(entry: &NeighbourMessage) -> Option<Neighbour> {
    if !RESOLVED.contains(&entry.header.state) {
        return None;
    }
    let address = entry.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(address)) => Some(IpAddr::V4(*address)),
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(address)) => Some(IpAddr::V6(*address)),
        _ => None,
    })?;
    let mac = entry.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::LinkLayerAddress(bytes) => <[u8; 6]>::try_from(bytes.as_slice()).ok(),
        _ => None,
    })?;
    Some(Neighbour { address, mac: MacAddress::from_bytes(mac) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An entry as the kernel sends it: `struct nlmsghdr`, `struct ndmsg`, attributes.
    fn entry(state: u16, address: &[u8], mac: &[u8]) -> Vec<u8> {
        let family = if address.len() == 4 { 2 } else { 10 };
        let attribute = |kind: u16, value: &[u8]| {
            let length = u16::try_from(4 + value.len()).unwrap();
            let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let mut body = vec![family, 0, 0, 0];
        body.extend(7_u32.to_ne_bytes());
        body.extend(state.to_ne_bytes());
        body.extend([0, 1]);
        body.extend(attribute(1, address));
        body.extend(attribute(2, mac));
        message(28, &body)
    }

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(16 + body.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([2, 0]);
        bytes.extend([0; 8]);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn resolved_entries_of_both_families_are_told() {
        let mac = [2, 0, 0x5e, 0x10, 0, 1];
        let v6 = "fe80::1".parse::<std::net::Ipv6Addr>().unwrap().octets();
        let part = [
            entry(0x02, &[192, 0, 2, 1], &mac),
            entry(0x04, &v6, &mac),
            entry(0x80, &[192, 0, 2, 2], &mac),
            // Incomplete, failed, of a link without hardware addresses, of one with longer ones.
            entry(0x01, &[192, 0, 2, 3], &[]),
            entry(0x20, &[192, 0, 2, 4], &mac),
            entry(0x40, &[192, 0, 2, 5], &mac),
            entry(0x02, &[192, 0, 2, 6], &[0; 20]),
        ];
        let mut entries = Vec::new();
        assert!(!read(&part.concat(), &mut entries).unwrap());
        assert_eq!(entries.len(), part.len());
        let addresses: Vec<_> =
            entries.iter().filter_map(neighbour).map(|it| it.address.to_string()).collect();
        assert_eq!(addresses, ["192.0.2.1", "fe80::1", "192.0.2.2"]);
        assert_eq!(neighbour(&entries[0]).unwrap().mac.to_string(), "02:00:5e:10:00:01");
        assert_eq!(entries[0].header.ifindex, 7);
    }

    #[test]
    fn the_end_and_an_error_are_told_apart() {
        let mut entries = Vec::new();
        assert!(read(&message(3, &[0; 4]), &mut entries).unwrap());
        let mut refused = (-1_i32).to_ne_bytes().to_vec();
        refused.extend(message(30, &[]));
        let error = read(&message(2, &refused), &mut entries).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    }

    #[test]
    fn this_machines_table_can_be_read() {
        dump().unwrap();
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            address in prop::collection::vec(any::<u8>(), 0..20),
            place in any::<prop::sample::Index>(),
            flip in any::<u8>(),
        ) {
            let mut entries = Vec::new();
            let _ = read(&bytes, &mut entries);
            let mut almost = [entry(2, &[192, 0, 2, 1], &[0; 6]), entry(2, &address, &[0; 6])].concat();
            let place = place.index(almost.len());
            almost[place] ^= flip;
            let _ = read(&almost, &mut entries);
            entries.iter().for_each(|entry| { neighbour(entry); });
        }
    }
}
