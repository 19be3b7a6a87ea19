//! The machine that runs the tests, whatever it is: every fact is told or says why not.

use std::sync::Arc;

use agent_core::model::Fact;
use agent_core::platform::DeviceHost;
use serde_json::Value;

use crate::host::{LinuxHost, LinuxHostOptions, SystemClock};

#[test]
fn every_fact_is_known_or_has_a_reason() {
    let host = LinuxHost::new(LinuxHostOptions::default(), Arc::new(SystemClock));
    let mut facts = serde_json::to_value(host.device_posture()).unwrap();
    facts.as_object_mut().unwrap().remove("platform");
    let network = serde_json::to_value(host.network_snapshot()).unwrap();

    for (name, fact) in facts.as_object().unwrap().iter().chain(network.as_object().unwrap()) {
        match fact["state"].as_str() {
            Some("known") => assert_ne!(fact["value"], Value::Null, "{name}"),
            Some("not_permitted" | "not_available") => {
                assert!(fact["why"].as_str().unwrap().len() > 10, "{name}: {fact}");
            }
            _ => panic!("{name}: {fact}"),
        }
    }
}

#[test]
fn the_packages_are_listed_or_their_absence_is_explained() {
    let host = LinuxHost::new(LinuxHostOptions::default(), Arc::new(SystemClock));
    match host.installed_apps() {
        Fact::Known { value } => assert!(!value.apps.is_empty()),
        Fact::NotPermitted { why } | Fact::NotAvailable { why } => assert!(why.contains("dpkg"), "{why}"),
    }
}
