//! The way out of a network of namespaces: phone, two routers, server. It is laid by the test itself, without
//! privileges where the system gives namespaces to everyone, and gone when its process ends.

use std::net::IpAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{AMPLE, measured};
use crate::model::NetworkSettings;
use crate::network::observation::{Failure, FailureKind, Hop, HopAnswer, PathProbe, answer, failure};
use crate::network::testing::endpoint;

/// Set in the process that runs inside.
const INSIDE: &str = "MTD_TEST_INSIDE_NAMESPACES";

/// A phone behind `near` and `far`, which know the way to the server and to nowhere.
const NETWORK: &str = r#"
set -e
mount -t tmpfs none /run/netns 2>/dev/null || { mount -t tmpfs none /run; mkdir /run/netns; }
forward='echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
for place in near far server; do ip netns add $place; ip netns exec $place sh -c "$forward"; done
link() { # namespace, interface, addresses of either end; no namespace is the phone's
    ip ${1:+-n $1} link add $2 type veth peer name $6 netns $5
    ip ${1:+-n $1} addr add $3 dev $2; ip ${1:+-n $1} addr add $4 dev $2 nodad; ip ${1:+-n $1} link set $2 up
    ip -n $5 addr add $7 dev $6; ip -n $5 addr add $8 dev $6 nodad; ip -n $5 link set $6 up
}
link '' eth0 10.1.0.2/24 fd01::2/64 near in 10.1.0.1/24 fd01::1/64
link near out 10.2.0.1/24 fd02::1/64 far in 10.2.0.2/24 fd02::2/64
link far out 10.3.0.1/24 fd03::1/64 server eth0 10.3.0.2/24 fd03::2/64
ip route add default via 10.1.0.1; ip route add fd03::/64 via fd01::1
ip -n near route add default via 10.2.0.2; ip -n near route add default via fd02::2
ip -n far route add 10.1.0.0/24 via 10.2.0.1; ip -n far route add fd01::/64 via fd02::1
ip -n far route add blackhole 10.4.0.0/24
ip -n server route add default via 10.3.0.1; ip -n server route add default via fd03::1
exec "$@"
"#;

#[test]
fn the_hops_of_a_real_way_are_found_and_silence_costs_little() {
    if std::env::var_os(INSIDE).is_some() {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(inside());
        return;
    }
    if let Err(why) = in_namespaces("the_hops_of_a_real_way_are_found_and_silence_costs_little") {
        eprintln!("skipped: no network namespaces here: {why}");
    }
}

async fn inside() {
    let mut paths = paths(["10.3.0.2", "fd03::2"]).await;
    // Neighbours of a new network take a second to find each other.
    for _ in 0..5 {
        if paths.iter().map(answers).all(|answers| answers.len() == 3) {
            break;
        }
        paths = self::paths(["10.3.0.2", "fd03::2"]).await;
    }
    assert_eq!(answers(&paths[0]), ["1 10.1.0.1 11/0", "2 10.2.0.2 11/0", "3 10.3.0.2 3/3"]);
    assert_eq!(answers(&paths[1]), ["1 fd01::1 3/0", "2 fd02::2 3/0", "3 fd03::2 1/4"]);

    let begin = Instant::now();
    let paths = self::paths(["10.4.0.1", "2001:db8::1"]).await;
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!(answers(&paths[0]), ["1 10.1.0.1 11/0"]);
    let lost = &paths[0].hops[2];
    assert_eq!((kind(lost), lost.attempts.len()), (Some(FailureKind::TimedOut), 3));
    // Where there is no route there is nothing to wait for.
    let unrouted = &paths[1].hops[0];
    assert_eq!((kind(unrouted), unrouted.attempts.len()), (Some(FailureKind::Unreachable), 1));
}

async fn paths(destinations: [&str; 2]) -> Vec<PathProbe> {
    let endpoints = destinations.map(|address| {
        let mut endpoint = endpoint("a.example", "net-1");
        endpoint.address = Some(address.parse().unwrap());
        endpoint
    });
    let settings = NetworkSettings { endpoints: endpoints.to_vec(), ..NetworkSettings::default() };
    measured(&settings, Duration::from_secs(2)).await.paths
}

/// `1 10.1.0.1 11/0`: hop, who answered, ICMP type and code.
fn answers(path: &PathProbe) -> Vec<String> {
    let answered = path.hops.iter().filter_map(|hop| Some((hop.ttl, answer(&hop.attempts)?.0)));
    answered
        .map(|(ttl, HopAnswer { from, icmp_type, icmp_code })| {
            format!("{ttl} {from} {icmp_type}/{icmp_code}")
        })
        .collect()
}

fn kind(hop: &Hop) -> Option<FailureKind> {
    failure(&hop.attempts).map(|Failure { kind, .. }| *kind)
}

/// Runs the test called `name` again, as the phone of [`NETWORK`].
fn in_namespaces(name: &str) -> Result<(), String> {
    let name = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
    let namespaces = ["--user", "--map-root-user", "--net", "--mount"];
    let unshare = |command: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.args(namespaces).args(["sh", "-c", NETWORK, "sh"]).args(command).env(INSIDE, "1").output()
    };
    let able = unshare(&["true"]).map_err(|error| format!("unshare: {error}"))?;
    if !able.status.success() {
        return Err(String::from_utf8_lossy(&able.stderr).into_owned());
    }
    let test = std::env::current_exe().unwrap();
    let ran = unshare(&[test.to_str().unwrap(), "--exact", &name, "--nocapture"]).unwrap();
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_port_without_a_service_on_this_machine_answers_at_once() {
    let seen = measured(&super::probing(super::local(1)), AMPLE).await;
    let [path] = seen.paths.as_slice() else { panic!("{:?}", seen.paths) };
    assert_eq!(path.destination, IpAddr::from([127, 0, 0, 1]));
    assert_eq!(answers(path), ["1 127.0.0.1 3/3", "2 127.0.0.1 3/3", "3 127.0.0.1 3/3"]);
}

#[tokio::test]
async fn two_destinations_of_each_family_are_followed_each_once() {
    let endpoints = ["127.0.0.3", "127.0.0.3", "127.0.0.4", "127.0.0.5", "::1"].map(|address| {
        let mut endpoint = super::local(1);
        endpoint.address = Some(address.parse().unwrap());
        endpoint
    });
    let settings = NetworkSettings { endpoints: endpoints.to_vec(), ..NetworkSettings::default() };
    let seen = measured(&settings, AMPLE).await;
    let destinations: Vec<_> = seen.paths.iter().map(|path| path.destination.to_string()).collect();
    assert_eq!(destinations, ["127.0.0.3", "127.0.0.4", "::1"]);
}

#[tokio::test]
async fn a_destination_without_an_address_is_looked_up() {
    let mut settings = super::probing(super::local(1));
    settings.endpoints[0].address = None;
    settings.endpoints[0].host = "127.0.0.1".to_owned();
    let seen = measured(&settings, AMPLE).await;
    assert_eq!(answers(&seen.paths[0]).len(), 3);
}
