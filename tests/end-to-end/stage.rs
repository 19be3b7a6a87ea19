//! `mtd stage`: what it does when told, and what when told wrong.

use std::time::{Duration, Instant};

use crate::device::Device;
use crate::theatre::Theatre;

#[test]
fn wrong_line_is_answered_and_the_play_goes_on() {
    let mut stage = Theatre::open();
    for line in ["fly", "", "home now", "token", "HOME"] {
        let why = stage.refuses(line);
        let all = "token corporate|personal, home, cafe, app-sync on|off, device [ID], story [ID], outage on|off, stop";
        assert!(why.contains(&format!("\"{line}\"")) && why.contains(all), "{why}");
    }
    assert_eq!(stage.refuses("outage perhaps"), "\"perhaps\" is neither on nor off");
    assert_eq!(stage.refuses(b"\xff\xfe"), "the line is not UTF-8");
    assert_eq!(stage.refuses("x".repeat(1 << 20)), "the line is longer than 4096 bytes");
    stage.tell("cafe");
    stage.tell("home");
    assert_eq!(stage.stops(), Some(0));
}

#[test]
fn device_that_is_not_there_is_told_so() {
    let mut stage = Theatre::open();
    for command in ["device", "story"] {
        assert!(stage.refuses(command).contains("no device is enrolled"));
    }
    assert_eq!(stage.refuses("device nobody"), "no device \"nobody\" is enrolled");
}

#[test]
fn end_of_input_ends_the_stage_and_leaves_nothing() {
    let mut stage = Theatre::open();
    assert_eq!(stage.leftovers(), 1, "it works in a folder");
    assert_eq!(stage.hang_up(), Some(0));
    assert_eq!(stage.line(), None);
    assert_eq!(stage.leftovers(), 0);
}

#[test]
fn signal_ends_the_stage_and_leaves_nothing() {
    for signal in ["TERM", "INT"] {
        let mut stage = Theatre::open();
        assert_eq!((stage.signal(signal), stage.leftovers()), (Some(0), 0), "{signal}");
    }
}

#[test]
fn last_line_needs_no_end() {
    let ran = Device::new().mtd_reading("stage", "cafe\nstop");
    let told: Vec<_> = ran.stdout.lines().skip(1).collect();
    assert_eq!(
        (ran.status, &told[..]),
        (Some(0), &[r#"{"done":"cafe"}"#, r#"{"done":"stop"}"#][..]),
        "{ran:?}"
    );
}

#[test]
fn port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ran = Device::new().mtd(&format!("stage --listen {address}"));
    assert!(ran.error().contains(&address.to_string()), "{ran:?}");
}

#[test]
fn listening_everywhere_needs_an_address_to_be_reached_at() {
    let ran = Device::new().mtd("stage --listen 0.0.0.0:0");
    assert!(ran.error().contains("--reach"), "{ran:?}");
    let stage = Theatre::open_with("--listen 0.0.0.0:0 --reach 127.0.0.1");
    assert!(stage.welcome["url"].as_str().unwrap().starts_with("https://127.0.0.1:"), "{}", stage.welcome);
    enrolled(stage.welcome["payload"].as_str().unwrap());
}

#[test]
fn device_is_told_as_the_connector_sees_it() {
    let mut stage = Theatre::open();
    let device = enrolled(stage.tell("token personal")["payload"].as_str().unwrap());
    let row = stage.tell("device")["device"].take();
    assert_eq!((&row["ownership"], &row["compliant"]), (&"personal".into(), &false.into()), "{row}");

    device.mtd("scan").ends_with(0);
    device.mtd("deliver").ends_with(0);
    let id = row["id"].as_str().unwrap();
    enrolled(stage.welcome["payload"].as_str().unwrap());
    assert_ne!(stage.tell("device")["device"]["id"], id, "the one that enrolled last");
    let row = stage.tell(&format!("device {id}"))["device"].take();
    assert_eq!(
        (&row["level"], &row["compliant"], &row["chain"]["status"]),
        (&"secured".into(), &true.into(), &"intact".into()),
        "{row}"
    );
}

#[test]
fn reports_wait_for_the_end_of_an_outage() {
    let mut stage = Theatre::open();
    let device = enrolled(stage.welcome["payload"].as_str().unwrap());
    stage.tell("outage on");
    stage.tell("outage on");
    let scan = device.json("scan");
    assert_eq!(scan["assessment"]["level"], "secured", "the network is well: {scan:#}");
    device.mtd("deliver").ends_with(4).says("cannot be reached");

    stage.tell("outage off");
    stage.tell("outage off");
    // The device waits up to 5 s after a failure, at random.
    let started = Instant::now();
    while device.mtd("deliver --json").json()["still_queued"] != 0 {
        assert!(started.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(stage.tell("device")["device"]["chain"]["status"], "intact");
}

fn enrolled(payload: &str) -> Device {
    let device = Device::new();
    device.mtd_reading("enroll -", payload).ends_with(0);
    device
}
