//! The agent's DNS checks against a real canary, which stands in for the network's resolver.

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use agent_core::model::{
        CheckId, CheckOutcome, Coverage, DevicePosture, Fact, Inventory, NetworkSettings, NetworkSnapshot,
        Platform, Timestamp, TrustVerdict,
    };
    use agent_core::network;
    use agent_core::network::dns_record::{DnsAim, DnsType};
    use agent_core::network::observation::{Observations, answer};
    use agent_core::platform::{Clock, DeviceHost};
    use desktop_harness::canary::{Canary, Config, Identity, Listen, Running, open_signing_key};
    use desktop_harness::host::{SystemClock, SystemEntropy};
    use tokio::time::Instant;

    #[tokio::test]
    async fn a_resolver_that_tells_the_truth_is_clean() {
        let lab = Lab::start().await;
        let seen = lab.scan().await;
        let outcomes = network::judge(&network::Recording::new(seen, lab.settings(), now())).outcomes;
        for check in [CheckId::DnsAnswer, CheckId::DnsPath] {
            let outcome = of(&outcomes, check);
            assert_eq!(outcome.coverage, Coverage::Complete, "{}", outcome.summary);
            assert!(outcome.judgements.is_empty(), "{}", outcome.summary);
        }
        assert!(of(&outcomes, CheckId::DnsAnswer).summary.contains("2 of 2"));
    }

    #[tokio::test]
    async fn the_canary_proves_over_https_that_it_serves_the_name() {
        let lab = Lab::start().await;
        let seen = lab.scan().await;
        let proof = seen.dns.iter().find(|probe| probe.record == DnsType::Txt).expect("a question by HTTPS");
        let DnsAim::Canary { nonce, .. } = &proof.aim else { panic!("{proof:?}") };
        let (answers, _) = answer(&proof.attempts).expect("an answer by HTTPS");
        let (_, message) = answers.whole().next().expect("a whole answer");
        let token = message.text.as_deref().expect("a signed text");
        let keys = &lab.running.settings.keys;
        agent_core::canary::verify::<agent_core::canary::StampReply>(
            token,
            agent_core::canary::Stamp::Dns,
            nonce,
            keys,
        )
        .expect("the canary's signature");
    }

    /// A canary on loopback.
    struct Lab {
        running: Running,
        _data: tempfile::TempDir,
    }

    impl Lab {
        async fn start() -> Self {
            let data = tempfile::tempdir().unwrap();
            let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
            let config = Config {
                name: "canary.example".to_owned(),
                zone: Some("z.canary.test".to_owned()),
                network: "test".to_owned(),
                addresses: vec![any.ip()],
                listen: Listen { tls: vec![any], http: Vec::new(), dns: vec![any] },
                identity: Identity::self_made(data.path(), "canary.example", &[], now()).unwrap(),
                signer: open_signing_key(data.path()).unwrap(),
                next_key: None,
                clock: Arc::new(SystemClock),
            };
            Self { running: Canary::start(config).await.unwrap(), _data: data }
        }

        fn settings(&self) -> NetworkSettings {
            // A bound port, so that nobody else takes it, on which nothing is ever answered.
            let nobody = self.running.addresses.tls.first().copied();
            NetworkSettings {
                canaries: vec![self.running.settings.clone()],
                no_resolver: nobody,
                ..NetworkSettings::default()
            }
        }

        async fn scan(&self) -> Observations {
            let servers = self.running.addresses.dns.iter().map(ToString::to_string).collect();
            let snapshot = NetworkSnapshot {
                dns_servers: Fact::known(servers),
                ..NetworkSnapshot::not_available("not told")
            };
            let deadline = Instant::now() + Duration::from_secs(20);
            network::measure(&self.settings(), snapshot, Arc::new(Blank), Arc::new(SystemEntropy), deadline)
                .await
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

    fn now() -> Timestamp {
        SystemClock.now()
    }

    fn of(outcomes: &[CheckOutcome], check: CheckId) -> &CheckOutcome {
        outcomes.iter().find(|outcome| outcome.check == check).unwrap()
    }
}
