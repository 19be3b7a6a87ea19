//! Started, restarted, stopped; several at once.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use agent_core::canary::TlsReply;

use super::*;

#[tokio::test]
async fn several_canaries_run_in_one_process_each_with_its_own_key() {
    let (one, other) = (Lab::start().await, Lab::start().await);
    assert_ne!(one.keys(), other.keys());
    for lab in [&one, &other] {
        assert_eq!(lab.ask(&get("/generate_204")).await.status(), "204");
    }
}

#[tokio::test]
async fn one_canary_listens_on_several_addresses_of_both_families() {
    let data = tempfile::tempdir().unwrap();
    let mut config = config(data.path());
    config.listen.http.push("[::1]:0".parse().unwrap());
    let running = Canary::start(config).await.unwrap();
    for address in &running.addresses.http {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(exchange(&mut stream, &get("/generate_204")).await.status(), "204");
    }
    assert_eq!(running.settings.http_port, Some(running.addresses.http[0].port()));
}

#[tokio::test]
async fn restart_keeps_the_keys_that_agents_know() {
    let data = tempfile::tempdir().unwrap();
    let first = Canary::start(config(data.path())).await.unwrap();
    let (keys, anchors) = (first.settings.keys.clone(), first.settings.private_anchors.clone());
    first.stop().await;
    let second = Canary::start(config(data.path())).await.unwrap();
    assert_eq!((second.settings.keys.clone(), second.settings.private_anchors.clone()), (keys, anchors));
}

#[tokio::test]
async fn next_key_is_told_before_it_signs() {
    let data = tempfile::tempdir().unwrap();
    let next = CanarySigner::from_seed(&[9; 32]).unwrap().public();
    let mut config = config(data.path());
    config.next_key = Some(next);
    let running = Canary::start(config).await.unwrap();
    let keys = &running.settings.keys;
    assert_eq!(keys.keys()[1], next);

    let mut stream = TcpStream::connect(running.addresses.http[0]).await.unwrap();
    let answer = exchange(&mut stream, &get(&format!("/{}", nonce(1)))).await;
    let in_use = KeySet::new(vec![keys.keys()[0]]).unwrap();
    assert_eq!(answer.status(), "301");
    assert!(answer.verify::<TlsReply>((), nonce(1), &in_use).is_err(), "another kind");
    assert!(answer.verify::<agent_core::canary::RedirectReply>((), nonce(1), &in_use).is_ok());
}

#[tokio::test]
async fn stop_closes_all_and_frees_the_addresses() {
    let lab = Lab::start().await;
    let (tls, http, dns) = (lab.tls(), lab.http(), lab.dns());
    let _dawdler = TcpStream::connect(http).await.unwrap();
    let began = Instant::now();
    lab.running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(4));
    for address in [tls, http, dns] {
        assert!(TcpStream::connect(address).await.is_err());
    }
    tokio::net::UdpSocket::bind(dns).await.unwrap();
}

#[tokio::test]
async fn what_cannot_work_is_said_at_start() {
    let data = tempfile::tempdir().unwrap();
    let refused = async |change: fn(&mut Config)| {
        let mut config = config(data.path());
        change(&mut config);
        Canary::start(config).await.err().expect("refused").to_string()
    };
    assert_eq!(refused(|config| config.zone = None).await, "canary: a name server needs a zone");
    assert_eq!(
        refused(|config| config.listen.tls.clear()).await,
        "canary: at least one TLS address is needed"
    );
    let inside = refused(|config| config.zone = Some("example".to_owned())).await;
    assert_eq!(
        inside,
        "canary: host name \"canary.example\" must lie outside the zone \"example\" that it serves"
    );
    assert!(refused(|config| config.zone = Some("a..b".to_owned())).await.contains("is not a domain name"));
    assert!(refused(|config| config.next_key = Some(config.signer.public())).await.contains("twice"));
    let address = refused(|config| config.listen.tls = vec!["192.0.2.1:1".parse().unwrap()]).await;
    assert!(address.starts_with("canary: cannot listen on 192.0.2.1:1: "), "{address}");
}

#[test]
fn keys_that_others_can_read_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("signing-key.pem");
    open_signing_key(data.path()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = read_signing_key(&path).unwrap_err().to_string();
    assert!(error.ends_with("others than its owner may use it (mode 640): chmod 600"), "{error}");
}

#[test]
fn damaged_key_and_certificate_files_are_named() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("signing-key.pem");
    assert!(
        read_signing_key(&path).unwrap_err().to_string().ends_with("signing-key.pem: there is no such file")
    );
    let write = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    for content in
        [b"".as_slice(), b"garbage", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
    {
        write(content);
        let error = read_signing_key(&path).unwrap_err().to_string();
        assert!(error.starts_with(&format!("canary: {}: ", path.display())), "{error}");
    }
    write(&vec![b'a'; 300 * 1024]);
    assert!(read_signing_key(&path).unwrap_err().to_string().contains("longer than"));
    write(b"no certificate");
    assert!(
        Identity::from_files(&path, &path).unwrap_err().to_string().contains("holds no certificate in PEM")
    );
}
