//! What administrators and operators use: the list, the files, the small endpoints.

use std::os::unix::fs::PermissionsExt;

use agent_core::model::{Level, Ownership};
use desktop_harness::connector::{Config, Connector, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Bench, Fresh, HOUR, get};

#[tokio::test]
async fn the_list_of_devices_needs_the_admin_token() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let answer = get(&bench, "/admin/devices", "").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let answer = get(&bench, "/admin/devices", "Authorization: Bearer guessed\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");

    let token = std::fs::read_to_string(bench.data_dir.path().join("admin-token")).unwrap();
    let answer = get(&bench, "/admin/devices", &format!("Authorization: Bearer {token}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(&device.enrolment.device_id), "{answer}");
}

#[tokio::test]
async fn a_device_row_is_serialized_like_this() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    device.delivered(&device.report(1, None, "medium")).await;
    let mut rows = serde_json::to_value(bench.connector.devices().unwrap()).unwrap();
    rows[0]["id"] = "[id]".into();
    rows[0]["keys"][0]["kid"] = "[kid]".into();
    insta::assert_json_snapshot!(rows, @r#"
    [
      {
        "at_least": "low",
        "chain": {
          "forks": 0,
          "gaps": 0,
          "regressions": 0,
          "status": "intact"
        },
        "compliant": false,
        "enrolled_at": 1790000000,
        "id": "[id]",
        "key_protection": "software",
        "keys": [
          {
            "key_protection": "software",
            "kid": "[kid]",
            "since": 1790000000,
            "state": "in_use"
          }
        ],
        "last_seen": 1790000000,
        "last_seq": 1,
        "level": "medium",
        "ownership": "corporate",
        "reason": "level medium is above the allowed secured",
        "resources": [
          {
            "access": "block",
            "name": "mail",
            "reason": "level medium is above the allowed secured"
          },
          {
            "access": "block",
            "name": "files",
            "reason": "level medium is above the allowed secured"
          }
        ],
        "tenant": "acme",
        "unresponsive": false
      }
    ]
    "#);
}

#[tokio::test]
async fn administration_works_beside_a_running_server() {
    let bench = Bench::start().await;
    let mut config = bench.config();
    config.listen.set_port(0);
    let command = Connector::open(config).unwrap();
    assert_eq!(command.url().unwrap(), bench.running.url);
    let payload = command.create_token(Ownership::Personal, HOUR).unwrap();
    let device = Fresh::new(&bench.clock).enrolled(&payload).await;
    assert_eq!(device.settings.ownership, Ownership::Personal);
    device.delivered(&device.report(1, None, "low")).await;
    assert_eq!(command.devices().unwrap()[0].level, Some(Level::Low));
    command.update_settings(|settings| settings.device.app_sync.enabled = true).unwrap();
    assert!(device.client.fetch_settings(&device.enrolment, 1).await.unwrap().is_some());
}

#[tokio::test]
async fn every_file_is_for_the_owner_alone() {
    let bench = Bench::start().await;
    bench.enrolled().await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for entry in std::fs::read_dir(bench.data_dir.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test]
async fn a_key_that_others_may_read_is_not_used() {
    let bench = Bench::start().await;
    let key = bench.data_dir.path().join("signing-key.p8");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = Connector::open(bench.config()).err().unwrap().to_string();
    assert!(error.contains("signing-key.p8") && error.contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let bench = Bench::start().await;
    let database = rusqlite::Connection::open(bench.data_dir.path().join("connector.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    let error = Connector::open(bench.config()).err().unwrap();
    assert!(matches!(error, Error::NewerDatabase { found: 99, .. }), "{error}");
}

#[tokio::test]
async fn the_probe_is_answered_over_tls_and_in_the_clear() {
    let bench = Bench::start().await;
    assert!(get(&bench, "/generate_204", "").await.starts_with("HTTP/1.1 204 "));
    assert!(get(&bench, "/healthz", "").await.starts_with("HTTP/1.1 200 "));
    assert!(get(&bench, "/elsewhere", "").await.starts_with("HTTP/1.1 404 "));

    let mut config: Config = bench.config();
    config.clear_http = Some(([127, 0, 0, 1], 0).into());
    let second = Connector::open(config).unwrap().start().await.unwrap();
    let mut tcp = tokio::net::TcpStream::connect(second.clear_addr.unwrap()).await.unwrap();
    tcp.write_all(b"GET /generate_204 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    second.stop().await;
}

#[tokio::test]
async fn a_stopped_connector_is_unreachable_and_says_so() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    bench.running.stop().await;
    let error = device.client.fetch_decision(&device.enrolment).await.unwrap_err().to_string();
    assert!(error.starts_with("connector localhost cannot be reached: "), "{error}");
}

#[tokio::test]
async fn an_address_in_use_is_told() {
    let bench = Bench::start().await;
    let mut config = bench.config();
    config.listen = bench.running.addr;
    let error = Connector::open(config).unwrap().start().await.err().unwrap().to_string();
    assert!(error.contains(&format!("cannot listen on {}", bench.running.addr)), "{error}");
}
