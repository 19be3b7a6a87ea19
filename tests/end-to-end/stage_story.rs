//! The story of docs/stage.md on the desktop: what it must be is in `tests/story/golden.json`, for all platforms.

use serde_json::{Value, json};

use crate::device::Device;
use crate::golden;
use crate::theatre::Theatre;

const AT_FIRST: &str = "apps.plist";
const WITH_TRACKVIEW: &str = "apps-with-trackview.plist";

#[test]
fn story_is_the_same_as_on_every_platform() {
    let mut stage = Theatre::open();
    let mut driver = Driver::new();
    driver.enrol(stage.welcome["payload"].as_str().unwrap());
    driver.scan_and_deliver("app_sync_off", AT_FIRST);
    stage.tell("app-sync on");
    driver.fetch_settings("app_sync_on");
    stage.tell("cafe");
    driver.scan_and_deliver("attacked", WITH_TRACKVIEW);
    stage.tell("home");
    driver.scan_and_deliver("repaired", AT_FIRST);

    let story = stage.tell("story")["story"].take();
    golden::compare("story/golden.json", &json!({ "steps": driver.steps, "story": story }));
    assert_eq!(stage.stops(), Some(0));
}

#[test]
fn story_is_told_wrong_where_it_is() {
    let mut stage = Theatre::open();
    let mut driver = Driver::new();
    driver.enrol(stage.welcome["payload"].as_str().unwrap());
    stage.tell("app-sync on");
    driver.fetch_settings("app_sync_on");
    driver.scan_and_deliver("attacked", WITH_TRACKVIEW);

    let golden = golden::read("story/golden.json");
    let other = json!({ "steps": driver.steps, "story": stage.tell("story")["story"] });
    let differences = golden::differences(&golden, &other);
    let differs = |pointer: &str| differences.iter().any(|difference| difference.starts_with(pointer));
    assert!(differs("/steps/0/step: "), "{differences:#?}");
    assert!(differs("/story/device/level: "), "{differences:#?}");
    assert!(differs("/story/tokens/1/apps_named/0: "), "{differences:#?}");
}

/// The device, and what it said at each step.
struct Driver {
    device: Device,
    steps: Vec<Value>,
}

impl Driver {
    fn new() -> Self {
        let device = Device::new();
        for name in [AT_FIRST, WITH_TRACKVIEW, "managed.plist"] {
            device.file(name, std::fs::read(golden::path(&format!("story/{name}"))).unwrap());
        }
        Self { device, steps: Vec::new() }
    }

    fn enrol(&self, payload: &str) {
        self.device.mtd_reading("enroll -", payload).ends_with(0);
    }

    fn scan_and_deliver(&mut self, step: &str, apps: &str) {
        let scan = self.device.json(&format!("scan --inventory {apps} --managed managed.plist"));
        let (delivered, decision) = self.deliver();
        self.steps.push(json!({
            "step": step,
            "level": scan["assessment"]["level"],
            "at_least": scan["assessment"]["at_least"],
            "open_findings": open_findings(&scan),
            "delivered": delivered["delivered"],
            "decision": decision,
        }));
    }

    fn fetch_settings(&mut self, step: &str) {
        let (delivered, decision) = self.deliver();
        self.steps.push(json!({
            "step": step,
            "new_settings": delivered["new_settings"],
            "delivered": delivered["delivered"],
            "decision": decision,
        }));
    }

    fn deliver(&self) -> (Value, Value) {
        let delivered = self.device.mtd("deliver --json").json();
        let decision = &delivered["decision"];
        let access: serde_json::Map<_, _> = decision["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|resource| (resource["name"].as_str().unwrap().to_owned(), resource["access"].clone()))
            .collect();
        let decision = json!({
            "allowed_level": decision["allowed_level"],
            "level": decision["level"],
            "compliant": decision["compliant"],
            "access": access,
        });
        (delivered, decision)
    }
}

/// What counts of the open findings; the posture is the machine's own.
fn open_findings(scan: &Value) -> Vec<Value> {
    let told = ["detection", "subject", "verdict", "severity"];
    let mut findings: Vec<_> = scan["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["state"] == "open")
        .filter(|finding| !finding["detection"].as_str().unwrap().starts_with("device."))
        .map(|finding| {
            Value::Object(told.map(|name| (name.to_owned(), finding[name].clone())).into_iter().collect())
        })
        .collect();
    findings.sort_by_key(|finding| finding["detection"].as_str().unwrap().to_owned());
    findings
}
