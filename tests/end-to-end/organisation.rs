//! An organisation: a connector process and what its administrator does.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use agent_core::model::{CheckId, Detection};
use desktop_harness::connector::{Config, Connector};
use desktop_harness::host::SystemClock;
use serde_json::{Value, json};

use crate::device::{Device, Ran, wait};

/// An app that the organisation's threat intelligence names; `dpkg-status-tracker` has it.
pub const TRACKER: &str = "com.example.trackview";

/// A port that the system chooses, on loopback.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub struct Organisation {
    machine: Device,
    server: Option<Server>,
    address: SocketAddr,
    probe: SocketAddr,
}

impl Organisation {
    /// Starts a connector that has no settings yet, at `address`.
    pub fn start_at(address: SocketAddr) -> Self {
        Self::start_with(address, "")
    }

    /// Starts a connector with a canary in it.
    pub fn with_canary() -> Self {
        Self::start_with(ANY, &format!("--canary-tls {ANY} --canary-http {ANY}"))
    }

    fn start_with(address: SocketAddr, options: &str) -> Self {
        let machine = Device::new();
        let (server, address, probe) = Server::start(&machine, address, ANY, options);
        Self { machine, server: Some(server), address, probe }
    }

    /// Starts a connector on a port that the system chooses, with [`Self::settings`], app sync on and low allowed.
    pub fn acme() -> Self {
        let organisation = Self::start_at(ANY);
        organisation.write("settings.json", &organisation.settings().to_string());
        organisation
            .admin("connector settings --allowed-level low --app-sync on --from settings.json")
            .ends_with(0);
        organisation
    }

    /// The address that the connector listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs `mtd` on the connector's machine.
    pub fn admin(&self, line: &str) -> Ran {
        self.machine.mtd(line)
    }

    /// Makes a file on the connector's machine.
    pub fn write(&self, name: &str, content: &str) {
        self.machine.file(name, content);
    }

    /// A new enrolment code.
    pub fn code(&self) -> String {
        self.admin("connector token").ends_with(0).stdout
    }

    pub fn enrol(&self, device: &Device) {
        device.mtd_reading("enroll -", &self.code()).ends_with(0);
    }

    /// The devices, as the administrator sees them.
    pub fn devices(&self) -> Vec<Value> {
        self.machine.json("connector devices").as_array().unwrap().clone()
    }

    /// The reports of the only device as the connector stored them.
    pub fn reports(&self) -> Vec<String> {
        let id = self.devices()[0]["id"].as_str().unwrap().to_owned();
        let folder = self.machine.path("data").join("connector");
        Connector::open(Config::new(folder, Arc::new(SystemClock))).unwrap().tokens(&id).unwrap()
    }

    /// Ends the connector as a power cut would.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Starts the connector again, where its devices expect it.
    pub fn restart(&mut self) {
        let (server, ..) = Server::start(&self.machine, self.address, self.probe, "");
        self.server = Some(server);
    }

    /// Asks the connector to end; its exit status.
    pub fn stop(mut self) -> Option<i32> {
        self.server.take().unwrap().terminate()
    }

    /// What a machine on loopback can satisfy: the connector is the endpoint of the network checks, and the
    /// machine's own posture is recorded and does not count.
    pub fn settings(&self) -> Value {
        let payload = self.machine.json("connector token");
        let endpoint = |network: &str| {
            json!({
                "host": "localhost", "port": self.address.port(), "address": self.address.ip(),
                "network": network, "private_anchors": payload["spki_pins"],
            })
        };
        json!({
            "network": {
                "endpoints": [endpoint("first"), endpoint("second")],
                "captive_probes": [format!("http://{}/generate_204", self.probe)],
            },
            "indicators": [tracker()],
            "policy_overrides": posture_not_counted(),
            "required_checks":
                [CheckId::Inventory, CheckId::AppIndicators, CheckId::Captive, CheckId::TlsChain],
        })
    }
}

/// The indicator for [`TRACKER`].
pub fn tracker() -> Value {
    json!({
        "kind": "app_id", "value": TRACKER, "category": "stalkerware", "family": "TrackView",
        "source": "test indicators",
    })
}

/// Policy overrides under which tests end alike on every machine.
pub fn posture_not_counted() -> Vec<Value> {
    let posture = Detection::ALL.iter().filter(|it| it.check().as_str().starts_with("device."));
    posture.map(|it| json!({ "detection": it, "severity": "none", "reason": "not under test" })).collect()
}

/// A connector process.
struct Server {
    child: Child,
    /// Kept open, so that the process may go on writing.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(
        machine: &Device,
        listen: SocketAddr,
        probe: SocketAddr,
        options: &str,
    ) -> (Self, SocketAddr, SocketAddr) {
        let line = format!(
            "connector serve --accept-software-keys --listen {listen} --probe-listen {probe} {options} --json --data data"
        );
        let mut child = machine.command(&line).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let started = first_document(&mut stdout);
        let port = started["url"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        let probe = started["clear_http"].as_str().unwrap().parse().unwrap();
        (Self { child, _stdout: stdout }, SocketAddr::new(listen.ip(), port), probe)
    }

    fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status();
        assert!(asked.unwrap().success());
        wait(&mut self.child, "connector serve")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first indented JSON document of a stream that goes on.
fn first_document(stream: &mut impl BufRead) -> Value {
    let mut text = String::new();
    while !text.ends_with("\n}\n") {
        assert_ne!(stream.read_line(&mut text).unwrap(), 0, "the connector ended: {text}");
    }
    serde_json::from_str(&text).unwrap()
}
