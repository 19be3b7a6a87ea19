//! The two tiers of one scan: what the first asks, and that the second asks only for the rest.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use super::super::measure_in_tiers;
use super::super::tiers::Part;
use super::*;
use crate::model::Depth;
use crate::network::observation::{ClearQuestion, TlsProbe};

async fn in_tiers(settings: &NetworkSettings, is_enough: bool) -> (Observations, Option<Observations>) {
    let (host, entropy) = (Arc::new(FakeHost::refusing()), Arc::new(SystemEntropy));
    let mut first = None;
    let decide = |seen: &Observations| {
        first = Some(seen.clone());
        is_enough
    };
    let deadline = Deadline::now() + AMPLE;
    let seen = measure_in_tiers(settings, snapshot(), host, entropy, deadline, decide).await;
    (seen, first)
}

fn of_hosts(hosts: &[&str], port: u16) -> NetworkSettings {
    let each = hosts.iter().enumerate().map(|(number, host)| {
        let mut endpoint = endpoint(host, &format!("net-{number}"));
        (endpoint.port, endpoint.address) = (port, Some([127, 0, 0, 1].into()));
        endpoint
    });
    NetworkSettings { endpoints: each.collect(), ..NetworkSettings::default() }
}

#[tokio::test]
async fn a_first_tier_that_is_enough_is_all() {
    let (port, connections) = servers::counting().await;
    let (seen, first) = in_tiers(&of_hosts(&["a.example", "b.example", "c.example"], port), true).await;
    assert_eq!(first, Some(seen.clone()));
    assert_eq!((seen.depth, seen.tls.len()), (Depth::First, 2));
    // Each is closed at once, which is worth another attempt, and in the end one with an older version.
    let attempts = |probe: &TlsProbe| probe.attempts.len() + usize::from(probe.fallback.is_some());
    let attempts: usize = seen.tls.iter().map(attempts).sum();
    assert_eq!(connections.load(Ordering::Relaxed), attempts);
}

#[tokio::test]
async fn the_second_tier_adds_what_is_missing_and_asks_nothing_again() {
    let chain = Authority::new("Root", 1).chain("a.example", Dates::CURRENT);
    let settings = of_hosts(&["a.example", "b.example", "c.example", "d.example"], servers::tls(chain).await);
    let (seen, first) = in_tiers(&settings, false).await;
    let first = first.unwrap();
    assert_eq!((first.depth, seen.depth), (Depth::First, Depth::Everything));
    let hosts: Vec<_> = seen.tls.iter().map(|probe| probe.target.host.as_str()).collect();
    assert_eq!(hosts, ["a.example", "b.example", "c.example", "d.example"], "in the order of the settings");
    for probe in &first.tls {
        assert!(seen.tls.contains(probe), "kept as it was");
    }
    assert!(seen.traffic.sent > first.traffic.sent && seen.traffic.received > first.traffic.received);
}

#[tokio::test]
async fn the_same_endpoint_twice_is_probed_twice() {
    let chain = Authority::new("Root", 1).chain("a.example", Dates::CURRENT);
    let settings =
        NetworkSettings { endpoints: vec![local(servers::tls(chain).await); 5], ..Default::default() };
    let (seen, first) = in_tiers(&settings, false).await;
    assert_eq!((first.unwrap().tls.len(), seen.tls.len()), (2, 5));
}

#[test]
fn the_two_parts_of_the_questions_are_the_whole() {
    let asked = |part: Part| part.questions().map(|it| it.to_string()).collect::<BTreeSet<_>>();
    let (first, rest) = (asked(Part::First), asked(Part::Rest));
    assert!(first.is_disjoint(&rest));
    assert_eq!(&first | &rest, asked(Part::Whole));
    assert_eq!(asked(Part::Whole).len(), ClearQuestion::ALL.len());
}

#[test]
fn what_the_first_tier_does_not_ask_the_second_asks_in_full() {
    assert_eq!((Part::First.of(false), Part::Rest.of(false)), (None, Some(Part::Whole)));
    assert_eq!((Part::First.of(true), Part::Rest.of(true)), (Some(Part::First), Some(Part::Rest)));
    assert_eq!((Part::Whole.of(true), Part::Whole.of(false)), (Some(Part::Whole), Some(Part::Whole)));
}
