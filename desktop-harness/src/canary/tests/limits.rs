//! Limits on peers, connections and time.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tokio::sync::{Semaphore, watch};

use super::super::listen::{self, Gate};
use super::super::peers::PeerLimit;
use super::*;

#[test]
fn peer_that_asks_too_often_is_refused_until_it_has_waited() {
    let start = Instant::now();
    let limit = PeerLimit::new(3, 2, start);
    let peer = "192.0.2.1".parse().unwrap();
    let in_a_row: Vec<_> = (0..4).map(|_| limit.allow(peer, start)).collect();
    assert_eq!(in_a_row, [true, true, true, false]);
    assert!(limit.allow(peer, start + Duration::from_millis(500)));
    assert!(!limit.allow(peer, start + Duration::from_millis(500)));
    let rested = start + Duration::from_secs(60);
    let in_a_row: Vec<_> = (0..4).map(|_| limit.allow(peer, rested)).collect();
    assert_eq!(in_a_row, [true, true, true, false]);
}

#[test]
fn addresses_of_one_ipv6_network_are_one_peer() {
    let now = Instant::now();
    let limit = PeerLimit::new(1, 1, now);
    assert!(limit.allow("2001:db8:1:2::1".parse().unwrap(), now));
    assert!(!limit.allow("2001:db8:1:2:ffff::9".parse().unwrap(), now));
}

#[test]
fn one_peer_does_not_use_up_what_others_have() {
    let now = Instant::now();
    let limit = PeerLimit::new(1, 1, now);
    let peers = (1..=100u8).map(|last| IpAddr::from([192, 0, 2, last]));
    let allowed = peers.filter(|peer| limit.allow(*peer, now)).count();
    // A hundred peers in 8,192 slots: some two may share one.
    assert!(allowed >= 90, "{allowed}");
}

proptest! {
    #[test]
    fn no_peer_gets_more_than_its_burst_and_rate(waits in proptest::collection::vec(0..400u64, 1..200)) {
        let start = Instant::now();
        let limit = PeerLimit::new(5, 10, start);
        let peer = "192.0.2.1".parse().unwrap();
        let (mut now, mut allowed) = (start, 0u64);
        for wait in waits {
            now += Duration::from_millis(wait);
            allowed += u64::from(limit.allow(peer, now));
        }
        let elapsed = u64::try_from((now - start).as_millis()).unwrap();
        prop_assert!(allowed <= 5 + elapsed / 100);
    }
}

#[tokio::test]
async fn peer_that_dawdles_is_cut_off() {
    let (address, _stop) = hold(1, Duration::from_millis(100)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    assert_eq!(read.unwrap().unwrap_or(0), 0);
}

#[tokio::test]
async fn when_the_house_is_full_the_next_is_shown_out_and_a_later_one_let_in() {
    let (address, _stop) = hold(1, Duration::from_millis(300)).await;
    let mut held = TcpStream::connect(address).await.unwrap();
    held.write_all(b"x").await.unwrap();
    held.read_u8().await.unwrap();
    let mut turned_away = TcpStream::connect(address).await.unwrap();
    let _ = turned_away.write_all(b"x").await;
    assert!(turned_away.read_u8().await.is_err());

    assert!(held.read_u8().await.is_err(), "its time is over");
    let mut later = TcpStream::connect(address).await.unwrap();
    later.write_all(b"x").await.unwrap();
    assert_eq!(later.read_u8().await.unwrap(), b'x');
}

/// A listener that gives one byte back and then holds the connection.
async fn hold(connections: usize, connection_time: Duration) -> (SocketAddr, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    let gate = Gate {
        connections: Arc::new(Semaphore::new(connections)),
        peers: Arc::new(PeerLimit::new(100, 100, Instant::now())),
        connection_time,
        stop: stopped,
    };
    let (listener, address) = listen::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
    tokio::spawn(listen::accept(listener, gate, |mut stream, _| async move {
        let byte = stream.read_u8().await?;
        stream.write_u8(byte).await?;
        std::future::pending().await
    }));
    (address, stop)
}
