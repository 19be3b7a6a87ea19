//! Whole exchanges of an agent with its connector: connections, other origins, interceptors, portals, bad moments.

use agent_core::agent::DeliveryHints;
use agent_core::model::{AppSync, Ownership, Verdict};
use desktop_harness::connector::Connector;

use crate::phone::Phone;
use crate::support::{Bench, HOUR};

async fn phone(bench: &Bench) -> Phone {
    Phone::enrolled(&bench.clock, bench.invite(), None).await
}

#[tokio::test]
async fn an_exchange_takes_one_connection_however_many_reports_wait() {
    let bench = Bench::start().await;
    let phone = phone(&bench).await;
    // A change of level and nine more reports: ten.
    for _ in 0..9 {
        phone.scan().await;
    }
    let summary = phone.deliver().await;
    assert_eq!((summary.delivered.len(), summary.still_queued), (10, 0), "{summary:?}");
    assert!(summary.decision.is_some());
    // Before, each of the ten reports, the settings, the policy and the decision had one of its own: thirteen.
    assert_eq!(summary.connections, 1);
}

/// Another connector at the address of `bench`: a stranger with a certificate of its own.
async fn impostor(bench: Bench) -> (Bench, Bench) {
    let Bench { connector, running, clock, data_dir } = bench;
    let addr = running.addr;
    running.stop().await;
    let stranger = Bench::start().await;
    let (strange, folder, strange_clock) = (stranger.connector, stranger.data_dir, stranger.clock);
    stranger.running.stop().await;
    let running = strange.start_at(addr).await.unwrap();
    let impostor = Bench { connector: strange, running, clock: strange_clock, data_dir: folder };
    // Its own server is down: what runs here is never used.
    let idle = connector.start_at(([127, 0, 0, 1], 0).into()).await.unwrap();
    (Bench { connector, running: idle, clock, data_dir }, impostor)
}

#[tokio::test]
async fn an_interceptor_gets_nothing_and_is_a_finding_until_the_connector_is_reached_again() {
    let bench = Bench::start().await;
    let (phone, addr) = (phone(&bench).await, bench.running.addr);
    phone.scan().await;
    let queued = phone.agent.preview_report().unwrap();

    let (bench, impostor) = impostor(bench).await;
    let summary = phone.deliver().await;
    assert!(summary.stopped.as_deref().unwrap().contains("does not match either pin"), "{summary:?}");
    assert!(summary.scan_due, "{summary:?}");
    assert_eq!(phone.agent.preview_report().unwrap()[..queued.len()], queued[..]);
    assert_eq!(phone.interception().await, Some(Verdict::Suspicious));
    phone.facts.go_to("home");
    assert_eq!(phone.interception().await, None, "another network");
    phone.facts.go_to("office");
    assert_eq!(phone.interception().await, Some(Verdict::Suspicious));

    impostor.running.stop().await;
    let running = bench.connector.start_at(addr).await.unwrap();
    bench.clock.advance(10);
    let summary = phone.deliver().await;
    assert_eq!(summary.still_queued, 0, "{summary:?}");
    assert_eq!(phone.interception().await, None);
    running.stop().await;
}

#[tokio::test]
async fn behind_a_sign_in_page_no_attempt_is_counted() {
    let bench = Bench::start().await;
    let phone = phone(&bench).await;
    phone.scan().await;
    let (bench, impostor) = impostor(bench).await;
    phone.facts.behind_portal(true);
    for _ in 0..5 {
        let summary = phone.deliver().await;
        assert!(summary.behind_portal && !summary.scan_due, "{summary:?}");
        assert!(summary.stopped.as_deref().unwrap().contains("sign in"), "{summary:?}");
    }
    assert!(phone.agent.status().unwrap().behind_portal_since.is_some());
    assert_eq!(phone.interception().await, None, "a portal is no interception");

    let addr = impostor.running.addr;
    impostor.running.stop().await;
    let running = bench.connector.start_at(addr).await.unwrap();
    phone.facts.behind_portal(false);
    // At once: nothing was put off.
    let summary = phone.deliver().await;
    assert_eq!(summary.still_queued, 0, "{summary:?}");
    assert_eq!(phone.agent.status().unwrap().behind_portal_since, None);
    running.stop().await;
}

#[tokio::test]
async fn settings_move_devices_to_another_origin() {
    let bench = Bench::start().await;
    let phone = phone(&bench).await;
    let second = bench.connector.start_at(([127, 0, 0, 1], 0).into()).await.unwrap();
    let moved = format!("https://localhost:{}", second.addr.port());
    // Starting it made the connector tell its URL to new devices; the old name stays for old ones.
    let first = bench.running.url.clone();
    bench
        .connector
        .update_settings(|settings| {
            settings.device.transport.get_or_insert_default().urls = vec![moved.clone(), first.clone()];
        })
        .unwrap();
    phone.scan().await;
    assert_eq!(phone.deliver().await.new_settings, Some(2));

    bench.running.stop().await;
    phone.scan().await;
    let summary = phone.deliver().await;
    assert_eq!(summary.still_queued, 0, "{summary:?}");
    let row = bench.connector.devices().unwrap().remove(0);
    assert_eq!(format!("{:?}", row.chain.status), "Intact");

    // The second is gone too: back to the first, by its old name.
    let addr = second.addr;
    second.stop().await;
    let back = bench
        .connector
        .start_at(
            first
                .trim_start_matches("https://localhost:")
                .parse::<u16>()
                .map(|port| ([127, 0, 0, 1], port).into())
                .unwrap(),
        )
        .await
        .unwrap();
    assert_ne!(back.addr, addr);
    phone.scan().await;
    let summary = phone.deliver().await;
    assert_eq!(summary.still_queued, 0, "{summary:?}");
    back.stop().await;
}

#[tokio::test]
async fn pins_change_by_signed_settings_and_the_former_ones_are_refused_then() {
    let bench = Bench::start().await;
    let phone = phone(&bench).await;
    // A second connector on the same data, whose certificates are under another authority: a move to new keys.
    let other = Bench::start().await;
    let [new_pin, new_reserve] = other.connector.pins();
    let announce = |settings: &mut desktop_harness::connector::TenantSettings| {
        settings.device.transport.get_or_insert_default().spki_pins = vec![new_pin, new_reserve];
    };
    let one_alone = |settings: &mut desktop_harness::connector::TenantSettings| {
        settings.device.transport.get_or_insert_default().spki_pins = vec![new_pin];
    };
    let error = bench.connector.update_settings(one_alone).unwrap_err().to_string();
    assert!(error.contains("transport.spki_pins must be 2 to 8 different pins"), "{error}");
    bench.connector.update_settings(announce).unwrap();
    // The first exchange still ends over the connection that it began; its last calls are under the new pins.
    assert_eq!(phone.deliver().await.new_settings, Some(2));
    phone.scan().await;
    let summary = phone.deliver().await;
    assert!(summary.stopped.as_deref().unwrap().contains("does not match either pin"), "{summary:?}");
    assert!(summary.still_queued > 0);
}

#[tokio::test]
async fn what_only_tells_apps_waits_for_a_better_moment_and_not_for_ever() {
    let bench = Bench::start().await;
    bench
        .connector
        .update_settings(|settings| {
            settings.device.app_sync = AppSync { enabled: true, personal_full_inventory: false };
            settings.device.required_checks = Vec::new();
        })
        .unwrap();
    let payload = bench.connector.create_token(Ownership::Corporate, HOUR).unwrap();
    let phone = Phone::enrolled(&bench.clock, payload, None).await;
    phone.facts.install(600);
    let scan = phone.scan().await;
    let [change, report] = scan.queued_reports.as_slice() else { panic!("{scan:?}") };
    let metered = DeliveryHints { metered: true, ..DeliveryHints::default() };

    let summary = phone.deliver_with(metered).await;
    assert_eq!(
        (summary.delivered.as_slice(), summary.held.as_slice()),
        ([*change].as_slice(), [*report].as_slice())
    );
    assert!(summary.decision.is_some());
    // A later, small report overtakes it, and the connector shows a gap until it comes.
    phone.scan().await;
    let summary = phone.deliver_with(metered).await;
    assert_eq!((summary.delivered.as_slice(), summary.held.len()), ([report + 1].as_slice(), 1));
    assert_eq!(format!("{:?}", bench.connector.devices().unwrap()[0].chain.status), "Gap");

    bench.clock.advance(6 * 3600);
    let summary = phone.deliver_with(metered).await;
    assert_eq!(summary.delivered, [*report], "it has waited for long enough");
    assert_eq!(format!("{:?}", bench.connector.devices().unwrap()[0].chain.status), "Intact");
}

#[tokio::test]
async fn a_device_obeys_no_connector_that_lost_its_signing_key() {
    let bench = Bench::start().await;
    let phone = phone(&bench).await;
    phone.scan().await;
    let Bench { connector, running, clock, data_dir } = bench;
    let addr = running.addr;
    running.stop().await;
    drop(connector);
    std::fs::remove_file(data_dir.path().join("signing-key.p8")).unwrap();
    let mut config =
        desktop_harness::connector::Config::new(data_dir.path(), std::sync::Arc::new(clock.clone()));
    config.tenant = "acme".to_owned();
    let replaced = Connector::open(config).unwrap();
    let running = replaced.start_at(addr).await.unwrap();

    let before = phone.agent.preview_report().unwrap();
    let summary = phone.deliver().await;
    let why = summary.stopped.as_deref().unwrap();
    assert!(why.contains("unknown key") && why.contains("no signed settings announced it"), "{why}");
    assert_eq!(phone.agent.preview_report().unwrap(), before, "reports are kept");
    assert!(summary.new_settings.is_none() && summary.decision.is_none());
    assert_eq!(phone.interception().await, Some(Verdict::Suspicious));
    running.stop().await;
}
