//! What the first tier costs, in round trips and bytes, against a real canary behind relays that count.

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use agent_core::canary::NO_CONTENT_PATH;
    use agent_core::model::{
        CheckId, Coverage, Depth, DevicePosture, Fact, Inventory, NetworkSettings, NetworkSnapshot, Platform,
        ProbeEndpoint, TrustVerdict,
    };
    use agent_core::network::observation::Observations;
    use agent_core::network::tier::Review;
    use agent_core::network::{self, Recording};
    use agent_core::platform::{Clock as _, DeviceHost};
    use desktop_harness::canary::{Canary, Config, Identity, Listen, Running, open_signing_key};
    use desktop_harness::host::{SystemClock, SystemEntropy};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
    use tokio::net::{TcpListener, TcpStream, UdpSocket};
    use tokio::sync::Barrier;
    use tokio::task::JoinSet;
    use tokio::time::Instant;

    /// NETWORK.md, Budgets.
    const ROUND_TRIPS: usize = 5;
    const BYTES: usize = 25_000;

    /// Looking up a name. Nothing here has one to look up.
    const RESOLVING: usize = 1;

    /// Probes of the first tier here: captive, DNS, binding, redirect, endpoint.
    const PROBES: usize = 5;

    /// On the way each direction takes: long enough that what does not wait for an answer is not taken to.
    const DELAY: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn no_probe_takes_more_round_trips_than_the_budget_and_none_waits_for_another() {
        let lab = Lab::start(PROBES).await;
        let seen = lab.first_tier().await;
        // The relays answer nobody until everybody has asked.
        let depth = seen.depth;
        assert_eq!(depth, Depth::First, "{:?}", network::judge(&lab.recording(seen)).outcomes);
        let lines = lab.lines();
        assert_eq!(lines.len(), PROBES, "each probe is one connection");
        for line in lines {
            assert!(line.round_trips() + RESOLVING <= ROUND_TRIPS, "{line:?}");
        }
    }

    #[tokio::test]
    async fn the_first_tier_keeps_to_its_bytes_and_counts_them() {
        let lab = Lab::start(1).await;
        let seen = lab.first_tier().await;
        let lines = lab.lines();
        let sum = |direction: Direction| lines.iter().map(|line| line.bytes(direction)).sum::<usize>();
        assert_eq!(seen.traffic.sent, sum(Direction::Out) as u64);
        // What comes after a handshake that is over is not taken any more.
        assert!(seen.traffic.received <= sum(Direction::In) as u64);
        assert!(sum(Direction::Out) + sum(Direction::In) <= BYTES, "{lines:?}");
    }

    #[tokio::test]
    async fn a_clean_network_is_judged_by_the_first_tier() {
        let lab = Lab::start(1).await;
        let outcomes = network::judge(&lab.recording(lab.first_tier().await)).outcomes;
        let checks = [CheckId::Captive, CheckId::TlsChain, CheckId::TlsBinding, CheckId::HttpStrip];
        for check in checks.into_iter().chain([CheckId::DnsAnswer]) {
            let outcome = outcomes.iter().find(|outcome| outcome.check == check).unwrap();
            assert_eq!(outcome.coverage, Coverage::Complete, "{}", outcome.summary);
            assert!(outcome.judgements.is_empty(), "{}", outcome.summary);
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Direction {
        Out,
        In,
    }

    /// What passed over one connection, or to and from one port, in order.
    #[derive(Clone, Debug)]
    struct Line {
        connects: bool,
        passed: Vec<(Direction, usize)>,
    }

    impl Line {
        fn bytes(&self, direction: Direction) -> usize {
            self.passed.iter().filter(|(passed, _)| *passed == direction).map(|(_, bytes)| bytes).sum()
        }

        /// One to connect, and one each time that an answer follows what was sent.
        fn round_trips(&self) -> usize {
            let answers = self.passed.windows(2).filter(|pair| (pair[0].0, pair[1].0) == TURN).count();
            usize::from(self.connects) + answers
        }
    }

    const TURN: (Direction, Direction) = (Direction::Out, Direction::In);

    #[derive(Clone)]
    struct Relays {
        lines: Arc<Mutex<Vec<Line>>>,
        everybody: Arc<Barrier>,
    }

    impl Relays {
        fn line(&self, connects: bool) -> usize {
            let mut lines = self.lines.lock().unwrap();
            lines.push(Line { connects, passed: Vec::new() });
            lines.len() - 1
        }

        fn note(&self, line: usize, direction: Direction, bytes: usize) {
            self.lines.lock().unwrap()[line].passed.push((direction, bytes));
        }

        async fn tcp(self, tasks: &mut JoinSet<()>, server: SocketAddr) -> u16 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            tasks.spawn(async move {
                let mut connections = JoinSet::new();
                while let Ok((client, _)) = listener.accept().await {
                    let line = self.line(true);
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = TcpStream::connect(server).await.unwrap().into_split();
                    connections.spawn(self.clone().pass(line, Direction::Out, from_client, to_server));
                    connections.spawn(self.clone().pass(line, Direction::In, from_server, to_client));
                }
            });
            port
        }

        async fn pass(
            self,
            line: usize,
            direction: Direction,
            mut from: OwnedReadHalf,
            mut to: OwnedWriteHalf,
        ) {
            let mut buffer = vec![0; 16 * 1024];
            let mut is_first = direction == Direction::Out;
            while let Ok(length @ 1..) = from.read(&mut buffer).await {
                self.note(line, direction, length);
                if std::mem::take(&mut is_first) {
                    self.everybody.wait().await;
                }
                tokio::time::sleep(DELAY).await;
                if to.write_all(&buffer[..length]).await.is_err() {
                    return;
                }
            }
        }

        async fn udp(self, tasks: &mut JoinSet<()>, server: SocketAddr) -> SocketAddr {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let address = socket.local_addr().unwrap();
            tasks.spawn(async move {
                let upstream = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                let mut buffer = vec![0; 2048];
                while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
                    let line = self.line(false);
                    self.note(line, Direction::Out, length);
                    self.everybody.wait().await;
                    upstream.send_to(&buffer[..length], server).await.unwrap();
                    let length = upstream.recv(&mut buffer).await.unwrap();
                    self.note(line, Direction::In, length);
                    socket.send_to(&buffer[..length], client).await.unwrap();
                }
            });
            address
        }
    }

    /// A canary behind relays, which is also the network's resolver, its connectivity check and an endpoint.
    struct Lab {
        relays: Relays,
        settings: NetworkSettings,
        resolver: SocketAddr,
        _tasks: JoinSet<()>,
        _running: Running,
        _data: tempfile::TempDir,
    }

    impl Lab {
        /// The relays pass nothing on until as many have asked as are `awaited`.
        async fn start(awaited: usize) -> Self {
            let data = tempfile::tempdir().unwrap();
            let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
            let running = Canary::start(Config {
                name: "canary.example".to_owned(),
                zone: Some("z.canary.test".to_owned()),
                network: "net-1".to_owned(),
                addresses: vec![any.ip()],
                listen: Listen { tls: vec![any], http: vec![any], dns: vec![any] },
                identity: Identity::self_made(data.path(), "canary.example", &[], SystemClock.now()).unwrap(),
                signer: open_signing_key(data.path()).unwrap(),
                next_key: None,
                clock: Arc::new(SystemClock),
            });
            let running = running.await.unwrap();
            let (tls, http, dns) =
                (running.addresses.tls[0], running.addresses.http[0], running.addresses.dns[0]);
            let relays = Relays { lines: Arc::default(), everybody: Arc::new(Barrier::new(awaited)) };
            let mut tasks = JoinSet::new();
            let canary = agent_core::canary::CanarySettings {
                tls_port: relays.clone().tcp(&mut tasks, tls).await,
                http_port: Some(relays.clone().tcp(&mut tasks, http).await),
                ..running.settings.clone()
            };
            let endpoint = ProbeEndpoint {
                host: canary.name.clone(),
                port: relays.clone().tcp(&mut tasks, tls).await,
                address: Some(any.ip()),
                network: "net-2".to_owned(),
                private_anchors: canary.private_anchors.clone(),
            };
            let captive = relays.clone().tcp(&mut tasks, http).await;
            let resolver = relays.clone().udp(&mut tasks, dns).await;
            let settings = NetworkSettings {
                captive_probes: vec![format!("http://127.0.0.1:{captive}{NO_CONTENT_PATH}")],
                // Of these the first tier asks one.
                endpoints: vec![endpoint.clone(), endpoint],
                canaries: vec![canary],
                ..NetworkSettings::default()
            };
            Self { relays, settings, resolver, _tasks: tasks, _running: running, _data: data }
        }

        async fn first_tier(&self) -> Observations {
            let snapshot = NetworkSnapshot {
                dns_servers: Fact::known(vec![self.resolver.to_string()]),
                ..NetworkSnapshot::not_available("not told")
            };
            let is_enough = |seen: &Observations| {
                let outcomes = network::judge(&self.recording(seen.clone())).outcomes;
                Review::of(&outcomes, &self.settings, &seen.network, seen.depth).is_ordinary(&[].into())
            };
            let (host, entropy) = (Arc::new(Blank), Arc::new(SystemEntropy));
            let deadline = Instant::now() + Duration::from_secs(20);
            network::measure_in_tiers(&self.settings, snapshot, host, entropy, deadline, is_enough).await
        }

        fn recording(&self, seen: Observations) -> Recording {
            Recording::new(seen, self.settings.clone(), SystemClock.now())
        }

        fn lines(&self) -> Vec<Line> {
            self.relays.lines.lock().unwrap().clone()
        }
    }

    /// A device that tells nothing.
    struct Blank;

    impl DeviceHost for Blank {
        fn installed_apps(&self) -> Fact<Inventory> {
            Fact::not_available("not told")
        }

        fn device_posture(&self) -> DevicePosture {
            DevicePosture::not_available(Platform::Linux, "not told")
        }

        fn network_snapshot(&self) -> NetworkSnapshot {
            NetworkSnapshot::not_available("not told")
        }

        fn evaluate_trust(&self, _chain: &[Vec<u8>], _host: &str) -> Fact<TrustVerdict> {
            Fact::not_available("not told")
        }
    }
}
