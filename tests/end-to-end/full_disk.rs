//! A disk without space, in a mount namespace of its own.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::device::Device;
use crate::organisation::Organisation;
use crate::outage::{deliver_all, tokens};

#[test]
fn full_disk_loses_no_report() {
    let organisation = Organisation::acme();
    let mut device = Device::new();
    device.fixture("dpkg-status");
    let disk = match SmallDisk::mount(&mut device) {
        Ok(disk) => disk,
        Err(why) => {
            eprintln!("skipped: no file system can be mounted here: {why}");
            return;
        }
    };
    organisation.enrol(&device);
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    let mut queue = tokens(&device);

    // From no space at all to enough for a scan: it ends at another step of the write each time.
    let mut failed = 0;
    for free in (0..=192).step_by(16) {
        disk.shell(&format!("cat /dev/zero > data/filler; truncate -s -{free}K data/filler"));
        let scan = device.mtd("scan --inventory dpkg-status");
        disk.shell("rm data/filler");
        let after = tokens(&device);
        if scan.status == Some(0) {
            assert_eq!(after[..queue.len()], queue);
        } else {
            assert!(scan.error().contains("the disk is full; nothing was changed"), "{free} KiB: {scan:?}");
            assert_eq!(after, queue, "{free} KiB free");
            failed += 1;
        }
        queue = after;
    }
    assert!(failed > 0, "the disk was never full");

    deliver_all(&device);
    assert_eq!(organisation.reports(), queue);
}

#[test]
fn threat_intelligence_that_does_not_fit_is_told_and_leaves_the_space() {
    let organisation = Organisation::acme();
    let mut device = Device::new();
    device.fixture("dpkg-status");
    let disk = match SmallDisk::mount(&mut device) {
        Ok(disk) => disk,
        Err(why) => {
            eprintln!("skipped: no file system can be mounted here: {why}");
            return;
        }
    };
    organisation.enrol(&device);
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    deliver_all(&device);
    let names: String = (0..100_000).map(|n| format!("host{n}.example\n")).collect();
    organisation.write("list.txt", &names);
    let built = organisation.admin("intel build list.txt -o i.mtdi --bundle-version 7 --json").ends_with(0);
    let key = built.json()["key"].as_str().unwrap().to_owned();
    let served =
        organisation.admin(&format!("connector intel i.mtdi --key {key} --json")).ends_with(0).json();
    let size = served["size"].as_u64().unwrap();
    assert!(size > 700_000, "{size}");

    disk.shell("cat /dev/zero > data/filler; truncate -s -500K data/filler");
    let ran = device.mtd("deliver").ends_with(0);
    ran.says("threat intelligence cannot be stored: the disk is full").says("what was in force stays so");
    assert!(disk.shell("test ! -e data/agent.mtdi.part && test ! -e data/agent.mtdi"), "space is given back");
    assert_eq!(device.json("status")["intel"], serde_json::Value::Null);
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    disk.shell("rm data/filler");
    deliver_all(&device);
}

/// A file system of little space at `data` of a device, seen only by processes that enter its namespace.
struct SmallDisk {
    /// Holds the namespace until its standard input is closed.
    holder: Child,
    enter: Vec<OsString>,
}

impl SmallDisk {
    /// Mounts it, and has the device run its commands in the namespace.
    fn mount(device: &mut Device) -> Result<Self, String> {
        let data = device.path("data");
        std::fs::create_dir(&data).unwrap();
        let script = "mount -t tmpfs -o size=2m tmpfs \"$0\" && echo mounted && exec cat";
        let mut holder = Command::new("unshare")
            .args(["--mount", "--map-root-user", "sh", "-c", script])
            .arg(&data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let target = holder.id().to_string();
        let mut disk = Self { holder, enter: Vec::new() };
        if line != "mounted\n" {
            let mut why = String::new();
            disk.holder.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            return Err(why.trim().to_owned());
        }
        // Entering a mount namespace leads to its root; the shell goes back to where the device works.
        let there = r#"cd "$0" && exec "$@""#;
        let enter = [
            "nsenter",
            "--user",
            "--preserve-credentials",
            "--mount",
            "--target",
            &target,
            "sh",
            "-c",
            there,
        ];
        disk.enter = enter.iter().map(OsString::from).collect();
        disk.enter.push(data.parent().unwrap().into());
        device.run_through(disk.enter.clone());
        Ok(disk)
    }

    /// Runs a shell command there; whether it succeeds. One that runs out of space may fail.
    fn shell(&self, script: &str) -> bool {
        let command = Command::new(&self.enter[0])
            .args(&self.enter[1..])
            .args(["sh", "-c", script])
            .stderr(Stdio::null())
            .status();
        command.unwrap().success()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Fails only where the process has ended already.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
