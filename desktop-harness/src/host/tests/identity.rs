//! What the machine is: its system, its model, the day of its packages.

use agent_core::model::Fact;

use super::Machine;
use crate::host::environment::Environment;
use crate::host::patch_day::security_patch;
use crate::host::posture::device_posture;

const OS_RELEASE: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n\
                          VERSION_ID=\"12\"\nVERSION='12 (bookworm)'\nID=debian\n";

#[test]
fn a_debian_desktop_tells_its_system_kernel_and_model() {
    let machine = Machine::new()
        .file("/etc/os-release", OS_RELEASE)
        .file("/proc/sys/kernel/osrelease", "6.1.0-28-amd64\n")
        .file("/sys/class/dmi/id/product_name", "ThinkPad X1 Carbon Gen 9\n");

    let posture = device_posture(&machine.files(), &Environment::default());

    assert_eq!(posture.os_name, Fact::known("Debian GNU/Linux".to_owned()));
    assert_eq!(posture.os_version, Fact::known("12".to_owned()));
    assert_eq!(posture.kernel_version, Fact::known("6.1.0-28-amd64".to_owned()));
    assert_eq!(posture.model, Fact::known("ThinkPad X1 Carbon Gen 9".to_owned()));
}

#[test]
fn a_rolling_distribution_has_no_version_and_says_so() {
    let machine = Machine::new().file("/usr/lib/os-release", "NAME=Arch\\ Linux\nID=arch\n");
    let posture = device_posture(&machine.files(), &Environment::default());

    assert_eq!(posture.os_name, Fact::known("Arch Linux".to_owned()));
    assert_eq!(
        posture.os_version,
        Fact::not_available("this distribution has no version number: its os-release has no VERSION_ID")
    );
}

#[test]
fn a_model_that_the_maker_left_blank_is_not_a_model() {
    let machine = Machine::new().file("/sys/class/dmi/id/product_name", "To Be Filled By O.E.M.\n");
    let posture = device_posture(&machine.files(), &Environment::default());

    assert_eq!(posture.model, Fact::not_available("the maker left the model name blank"));
}

#[test]
fn an_empty_tree_tells_nothing_and_claims_nothing() {
    let posture = device_posture(&Machine::new().files(), &Environment::default());

    let json = serde_json::to_value(&posture).unwrap();
    for (name, fact) in json.as_object().unwrap().iter().filter(|(name, _)| *name != "platform") {
        assert_eq!(fact["state"], "not_available", "{name}");
        assert!(fact["why"].as_str().unwrap().len() > 10, "{name}");
    }
}

#[test]
fn the_newest_upgrade_of_both_logs_is_the_patch_day() {
    let machine = Machine::new()
        .file(
            "/var/log/dpkg.log",
            "2026-10-03 08:00:01 startup archives unpack\n\
             2026-10-03 08:00:02 upgrade libssl3:amd64 3.0.15-1 3.0.16-1\n\
             2026-10-09 08:00:02 install sl:amd64 <none> 5.02-1\n\
             2026-10-09 08:00:03 status installed sl:amd64 5.02-1\n",
        )
        .file("/var/log/dpkg.log.1", "2026-09-30 08:00:02 upgrade curl:amd64 7.88.1-9 7.88.1-10\n");

    assert_eq!(security_patch(&machine.files()), Fact::known("2026-10-03".parse().unwrap()));
}

#[test]
fn without_a_logged_upgrade_the_base_system_dates_the_machine_and_a_new_app_does_not() {
    let machine = Machine::new()
        .file("/var/log/dpkg.log", "2026-10-09 08:00:02 install sl:amd64 <none> 5.02-1\n")
        .file("/var/lib/dpkg/info/libc6:amd64.list", "/.\n")
        .file("/var/lib/dpkg/info/bash.list", "/.\n")
        .file("/var/lib/dpkg/info/sl.list", "/.\n")
        .modified("/var/lib/dpkg/info/libc6:amd64.list", 20_000)
        .modified("/var/lib/dpkg/info/bash.list", 19_000)
        .modified("/var/lib/dpkg/info/sl.list", 20_500);

    assert_eq!(security_patch(&machine.files()), Fact::known("2024-10-04".parse().unwrap()));
}

#[test]
fn a_log_of_garbage_is_passed_over() {
    let machine = Machine::new().file(
        "/var/log/dpkg.log",
        "\u{0}\u{fffd}\n2026-99-99 00:00:00 upgrade x\nupgrade\n\n2026-10-03 upgrade\n",
    );

    assert!(security_patch(&machine.files()).value().is_none());
}
