//! The signed policy file: as devices fetch it, and as a connector refuses it.

use agent_core::connector::ConnectorError;
use agent_core::policy::EMBEDDED;
use desktop_harness::connector::Connector;

use crate::support::Bench;

fn version(version: u32) -> String {
    let text = EMBEDDED.replacen("\nversion = 2\n", &format!("\nversion = {version}\n"), 1);
    assert_ne!(text, EMBEDDED);
    text
}

#[tokio::test]
async fn a_policy_reaches_every_device_once_and_as_one_document() {
    let bench = Bench::start().await;
    let (one, other) = (bench.enrolled().await, bench.enrolled().await);
    assert_eq!(one.client.fetch_policy(&one.enrolment, None).await.unwrap(), None);

    let token = bench.connector.sign_policy(&version(7)).unwrap();
    bench.connector.set_policy(&token).unwrap();
    let policy = one.client.fetch_policy(&one.enrolment, None).await.unwrap().unwrap();
    assert_eq!((policy.version, policy.tenant.as_str()), (7, "acme"));
    assert_eq!(policy.document, version(7));
    assert_eq!(other.client.fetch_policy(&other.enrolment, Some((6, None))).await.unwrap(), Some(policy));
    assert_eq!(one.client.fetch_policy(&one.enrolment, Some((7, None))).await.unwrap(), None);
    let error = one.client.fetch_policy(&one.enrolment, Some((8, None))).await.unwrap_err();
    assert_eq!(error, ConnectorError::PolicyRollback { known: 8, offered: 7 });
}

#[tokio::test]
async fn a_policy_that_is_older_foreign_or_faulty_is_refused_and_the_old_one_stays() {
    let bench = Bench::start().await;
    let set = |token: &str| bench.connector.set_policy(token);
    set(&bench.connector.sign_policy(&version(7)).unwrap()).unwrap();
    for old in [6, 7] {
        let error = set(&bench.connector.sign_policy(&version(old)).unwrap()).unwrap_err().to_string();
        assert!(error.contains("version 7 is in force, this is"), "{error}");
    }
    let elsewhere = Bench::start().await;
    let foreign = elsewhere.connector.sign_policy(&version(8)).unwrap();
    assert!(set(&foreign).is_err());
    assert!(set("garbage").is_err());
    let mut config = bench.config();
    config.tenant = "globex".to_owned();
    let globex = Connector::open(config).unwrap().sign_policy(&version(8)).unwrap();
    let error = set(&globex).unwrap_err().to_string();
    assert!(error.contains("it is for \"globex\", this is \"acme\""), "{error}");

    let faulty = version(8).replacen("attack = \"T1404\"", "attack = \"1404\"", 2);
    let error = bench.connector.sign_policy(&faulty).unwrap_err().to_string();
    assert!(error.contains("not signed: policy: line ") && error.contains("(1 more"), "{error}");
    assert_eq!(bench.connector.policy().unwrap().unwrap().version, 7);
}
