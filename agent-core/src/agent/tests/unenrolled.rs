//! A device without an organisation.

use super::support::*;
use crate::agent::*;
use crate::model::*;

#[test]
fn a_device_that_is_not_enrolled_is_scanned_and_reports_to_nobody() {
    let device = Device::new();
    device.install([app(MALWARE)]);
    let scan = device.scan();
    assert_eq!(scan.assessment.level, Level::High);
    assert_eq!(scan.queued_reports, [0; 0]);
    assert_eq!(device.agent.preview_report().unwrap(), []);
    assert!(matches!(block_on(device.agent.deliver(AMPLE)), Err(AgentError::NotEnrolled)));

    let status = device.agent.status().unwrap();
    assert_eq!((status.level, status.queued, status.enrolment), (Some(Level::High), 0, None));
}

#[test]
fn before_the_first_scan_nothing_is_known() {
    let device = Device::new();
    let status = device.agent.status().unwrap();
    assert_eq!((status.level, status.at_least, status.last_scan_at), (None, None, None));
    assert_eq!(device.agent.explain(Language::En).unwrap(), None);
    assert_eq!(device.host.asked(), 0);
}

#[test]
fn the_settings_of_an_enrolled_device_are_the_signed_ones_only() {
    let device = Device::enrolled(&Settings { indicators: Vec::new(), ..settings() });
    device.install([app(MALWARE)]);
    assert_eq!(device.scan().assessment.level, Level::Unknown, "the configuration's indicators do not count");
}
