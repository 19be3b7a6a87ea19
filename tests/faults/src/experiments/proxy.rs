//! A real mitmproxy between the agent and its connector.
//!
//! First under an authority of its own, which no pin allows: nothing gets through, nothing is lost. Then under the
//! connector's own authority, as a proxy that the organisation runs: it is on the path, and does everything wrong.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Amount, Progress};
use crate::Failure;
use crate::event::Phase;
use crate::lab::Lab;
use crate::ledger::Ledger;
use crate::organisation::{Organisation, last_lines};
use crate::outcome::Outcome;
use crate::victim::{Device, Ended, Task};

/// How long mitmproxy may take to listen: it is Python, and the machine may be busy.
const START: Duration = Duration::from_secs(60);

/// Rounds of the agent in one process.
const ROUNDS: u32 = 4;

/// Deliveries that are tried under the proxy's own authority.
const REFUSED_ROUNDS: u32 = 3;

pub fn run(lab: &Lab, amount: Amount, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let mut organisation = Organisation::start(lab, "organisation")?;
    let mut path =
        Way { lab, organisation: &organisation, ledger: Ledger::default(), outcome: Outcome::default() };
    path.stranger()?;
    path.on_the_path(amount.exchanges, progress)?;
    let Way { ledger, mut outcome, .. } = path;

    let devices = organisation.devices()?;
    organisation.kill()?;
    outcome.judge(ledger.verdict(&organisation.data, &devices)?);
    if fs::read_to_string(&organisation.log)?.contains("panicked") {
        outcome.wrong("the connector panicked");
    }
    Ok(outcome)
}

/// The way between a device and its connector.
struct Way<'a> {
    lab: &'a Lab,
    organisation: &'a Organisation<'a>,
    ledger: Ledger,
    outcome: Outcome,
}

impl Way<'_> {
    /// A proxy with its own authority.
    fn stranger(&mut self) -> Result<(), Failure> {
        let device = Device::new(self.lab, "intercepted", self.organisation.code()?);
        let ended = device.run(self.lab, &Task::ONE_ROUND)?;
        self.note(&device, &ended, &[]);
        let proxy = Proxy::start(self.lab, self.organisation, None)?;
        let task = Task { rounds: REFUSED_ROUNDS, detour: Some(proxy.detour), ..Task::ONE_ROUND };
        let ended = device.run(self.lab, &task)?;
        self.note(&device, &ended, &[]);
        if ended.delivered() > 0 {
            self.outcome.wrong("reports were delivered through a proxy that no pin allows");
        }
        if found(&ended) == 0 {
            self.outcome.wrong("the interception is no finding");
        }
        let newcomer = Device::new(self.lab, "newcomer", self.organisation.code()?);
        let refused = newcomer.run(self.lab, &task)?;
        if refused.enrolled() {
            self.outcome.wrong("a device enrolled through a proxy that no pin allows");
        }
        self.note(&newcomer, &refused, &[Phase::Enrol]);
        drop(proxy);
        for device in [&device, &newcomer] {
            self.note(device, &device.run(self.lab, &Task::DRAIN)?, &[]);
            let afterwards = device.run(self.lab, &Task::ONE_ROUND)?;
            self.note(device, &afterwards, &[]);
            if found(&afterwards) > 0 {
                self.outcome.wrong("the interception is found still, after the connector proved itself");
            }
        }
        self.outcome.row(
            "proxy under its own authority",
            u64::from(REFUSED_ROUNDS) + 1,
            "refused, and a finding; all delivered once it was gone, and resolved",
        );
        Ok(())
    }

    /// A proxy under the connector's authority.
    fn on_the_path(&mut self, exchanges: u64, progress: Progress<'_>) -> Result<(), Failure> {
        let proxy = Proxy::start(self.lab, self.organisation, Some(&self.organisation.data))?;
        let (mut done, mut scans) = (BTreeMap::new(), 0);
        for round in 0.. {
            let mut device = Device::new(self.lab, &format!("device-{round}"), self.organisation.code()?);
            // Until it is enrolled: the proxy may have used up the code, or answered in the connector's place.
            for _ in 0..20 {
                let task = Task {
                    rounds: ROUNDS,
                    scans: 2,
                    detour: Some(proxy.detour),
                    drain: true,
                    ..Task::ONE_ROUND
                };
                let ended = device.run(self.lab, &task)?;
                self.note(&device, &ended, &[Phase::Enrol]);
                scans += found(&ended);
                if ended.enrolled() {
                    // Tells what the last deliveries met.
                    let ended = device.run(self.lab, &Task { rounds: 1, keep: true, ..task })?;
                    self.note(&device, &ended, &[]);
                    scans += found(&ended);
                    break;
                }
                device.code = self.organisation.code()?;
            }
            progress("devices behind a hostile proxy");
            done = misdeeds(&proxy.log);
            if done.values().sum::<u64>() >= exchanges {
                break;
            }
        }
        if scans == 0 {
            self.outcome.wrong("forged and missing receipts are no finding");
        }
        let told = format!("{scans} scans found the interception; what it did:");
        self.outcome.row("exchanges through a proxy of the organisation", done.values().sum(), told);
        for (misdeed, times) in done {
            self.outcome.row(format!("  {misdeed}"), times, "");
        }
        Ok(())
    }

    fn note(&mut self, device: &Device, ended: &Ended, may_fail: &[Phase]) {
        self.ledger.note(ended);
        for (phase, why) in ended.failures() {
            self.outcome.says(phase, why);
            if !may_fail.contains(&phase) {
                self.outcome.wrong(format!("{}: {phase} failed: {why}", device.name));
            }
        }
        for why in ended.stopped() {
            self.outcome.says("delivery stopped", &super::without_numbers(why));
        }
        if device.stderr().contains("panicked") {
            self.outcome.wrong(format!("{}: {}", device.name, device.stderr()));
        }
    }
}

/// How many scans found that somebody is on the path.
fn found(ended: &Ended) -> usize {
    ended.found().filter(|scan| scan.iter().any(|it| it == "network.tls_interception")).count()
}

/// How often each misdeed was done.
fn misdeeds(log: &Path) -> BTreeMap<String, u64> {
    let mut done = BTreeMap::new();
    for line in fs::read_to_string(log).unwrap_or_default().lines() {
        let misdeed = line.split('\t').next().unwrap_or_default();
        *done.entry(misdeed.to_owned()).or_default() += 1;
    }
    done
}

/// A mitmproxy that hands on to a connector.
struct Proxy {
    child: Child,
    log: PathBuf,
    /// The connector's port, and the proxy's.
    detour: (u16, u16),
}

impl Proxy {
    /// Starts it; hostile, under the authority in `authority`, or under its own.
    fn start(lab: &Lab, organisation: &Organisation<'_>, authority: Option<&Path>) -> Result<Self, Failure> {
        let mitmdump = lab.mitmdump()?;
        let port = free_port()?;
        let connector = organisation.port();
        let (log, said) = (lab.path("misdeeds"), lab.path("mitmproxy.log"));
        let mut command = Command::new(&mitmdump);
        command
            .args(["--mode", &format!("reverse:https://127.0.0.1:{connector}@127.0.0.1:{port}")])
            .args(["--ssl-insecure", "--set", "flow_detail=0"])
            .args(["--set", &format!("confdir={}", lab.path("mitmproxy").display())]);
        if let Some(authority) = authority {
            let (addon, script, pem) =
                (lab.path("hostile.py"), lab.path("certificate.py"), lab.path("proxy.pem"));
            fs::write(&addon, include_str!("../../proxy/hostile.py"))?;
            fs::write(&script, include_str!("../../proxy/certificate.py"))?;
            let made = Command::new(mitmdump.with_file_name("python"))
                .arg(&script)
                .arg(authority)
                .arg(&pem)
                .output()?;
            if !made.status.success() {
                return Err(format!(
                    "no certificate for the proxy: {}",
                    String::from_utf8_lossy(&made.stderr)
                )
                .into());
            }
            command
                .args(["--certs", &format!("*={}", pem.display()), "-s", &addon.display().to_string()])
                .args(["--set", &format!("hostile_seed={}", lab.seed)])
                .args(["--set", &format!("hostile_log={}", log.display())]);
        }
        let output = fs::File::options().create(true).append(true).open(&said)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| format!("{}: {error}", mitmdump.display()))?;
        let mut proxy = Self { child, log, detour: (connector, port) };
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if proxy.child.try_wait()?.is_some() || started.elapsed() > START {
                return Err(format!("mitmproxy does not listen; it said: {}", last_lines(&said, 5)).into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Fails only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
