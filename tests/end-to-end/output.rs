//! What comes out: plain text for files and pipes, and nothing that an app chose to say to the terminal.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::json;

use crate::device::{Device, Ran, wait};
use crate::organisation::Organisation;

#[test]
fn output_that_is_no_terminal_has_no_escapes() {
    let organisation = Organisation::acme();
    let device = Device::new();
    device.fixture("dpkg-status-tracker");
    organisation.enrol(&device);
    plain(&device.mtd("-vv scan --inventory dpkg-status-tracker").ends_with(0));
    plain(&device.mtd("preview").ends_with(0));
    plain(&device.mtd("-vv deliver").ends_with(3));
    for line in ["status", "explain", "explain --lang ko", "preview", "verify missing", "scan --help", "sacn"]
    {
        plain(&device.mtd(line));
    }
    for line in ["connector devices", "connector settings", "connector token", "-vv demo"] {
        plain(&organisation.admin(line).ends_with(0));
    }
}

#[test]
fn colour_is_used_where_it_is_asked_for() {
    let device = Device::new();
    device.fixture("dpkg-status");
    let scan = device.mtd("--color always scan --inventory dpkg-status").ends_with(0);
    assert!(scan.stdout.contains("\u{1b}["), "{scan:?}");
    plain(&device.mtd("--color never scan --inventory dpkg-status").ends_with(0));
}

#[test]
fn words_that_an_app_chose_do_not_speak_to_the_terminal() {
    let organisation = Organisation::acme();
    let device = Device::new();
    hostile_apps(&device, &organisation);
    organisation.enrol(&device);
    for line in [
        "scan --inventory apps.json",
        "scan --inventory apps.json --json",
        "explain",
        "explain --json",
        "explain --lang ko",
        "preview",
        "preview --json",
        "status",
        "deliver",
    ] {
        let ran = device.mtd(line);
        assert_ne!(ran.status, Some(1), "{ran:?}");
        plain(&ran);
    }
    plain(&organisation.admin("connector devices").ends_with(0));
    plain(&organisation.admin("connector settings --json").ends_with(0));
}

#[test]
fn file_that_is_shown_in_an_error_does_not_speak_to_the_terminal() {
    let device = Device::new();
    device.file("token.jws", "eyJ\u{1b}[31m.e30.e30\n\u{9b}31m");
    device.json("demo --keep kept");
    plain(&device.mtd("verify token.jws --key kept/device.jwk.json").ends_with(3));
    device.file("settings.json", r#"{"\u001b[31m": 1, "version": "\u001b[31m\u009b1m"}"#);
    for line in [
        "scan --settings settings.json",
        "connector settings --from settings.json",
        "scan --inventory no\u{1b}[31msuch\u{9b}file",
        "verify no\u{1b}[31msuch\u{9b}file",
    ] {
        let ran = device.mtd(line);
        plain(&ran);
        ran.error();
    }
}

#[test]
fn reader_that_closes_the_pipe_is_no_error() {
    let organisation = Organisation::acme();
    let device = Device::new();
    device.fixture("dpkg-status-tracker");
    organisation.enrol(&device);
    for line in [
        "scan --inventory dpkg-status-tracker --data data",
        "scan --inventory dpkg-status-tracker --data data --json",
        "preview --data data",
        "explain --data data",
        "--help",
    ] {
        for lines in [0, 1] {
            let mut child = device
                .command(line)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut head = BufReader::with_capacity(16, child.stdout.take().unwrap());
            for _ in 0..lines {
                assert_ne!(head.read_line(&mut String::new()).unwrap(), 0, "{line}");
            }
            drop(head);
            let mut stderr = String::new();
            child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            assert_eq!((wait(&mut child, line), stderr.as_str()), (Some(0), ""), "{line}");
        }
    }
}

/// Apps whose every word tries to write to the terminal, and intelligence that finds them.
fn hostile_apps(device: &Device, organisation: &Organisation) {
    let signer = "00112233445566778899aabbccddeeff00112233";
    let evil = "Evil\u{1b}[31m\u{1b}]0;title\u{7}\u{9b}2J\r\u{8}\u{7f}\u{202e}name";
    let app = json!({
        "packageName": evil, "displayName": evil, "versionName": evil, "versionCode": 1,
        "installerPackageName": evil, "signingKeyCertFingerprints": [signer],
    });
    device.file("apps.json", json!({ "applicationReports": [app] }).to_string());

    let mut settings = organisation.settings();
    settings["indicators"] = json!([{
        "kind": "signer", "value": format!("sha1:{signer}"), "category": "stalkerware",
        "family": evil, "source": evil,
    }]);
    organisation.write("hostile.json", &settings.to_string());
    organisation.admin("connector settings --from hostile.json").ends_with(0);
}

/// No control character but the end of a line, and none that turns the direction of text.
#[track_caller]
fn plain(ran: &Ran) {
    let speaks = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    for text in [&ran.stdout, &ran.stderr] {
        let found = text.lines().find(|line| line.contains(speaks));
        assert_eq!(found, None, "{ran:?}");
    }
}
