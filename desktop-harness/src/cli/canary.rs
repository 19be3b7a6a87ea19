//! `mtd canary`: runs a canary until it is interrupted.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use agent_core::model::Timestamp;
use agent_core::platform::Clock;
use desktop_harness::canary::{
    Canary, CanaryError, Config, Identity, Listen, open_signing_key, read_signing_key,
};
use tokio::signal::unix::{SignalKind, signal};

/// Run a canary: a server that tells agents, signed, what of their requests arrived
///
/// Prints, as one line of JSON, what agents need to know of it (its "canaries" entry in the settings), then serves
/// until it is interrupted. Run it where no network that you want to check can reach, ideally three in different
/// networks.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Host name of the canary, as agents and certificates name it
    #[arg(long, value_name = "HOST")]
    name: String,

    /// DNS zone that is delegated to this canary; it must not contain HOST
    #[arg(long)]
    zone: Option<String>,

    /// Address at which agents reach it without DNS [repeatable]
    #[arg(long = "address", value_name = "IP")]
    addresses: Vec<IpAddr>,

    /// Which network this canary is in: canaries of one network count once
    #[arg(long, value_name = "LABEL", default_value = "canary")]
    network: String,

    /// Listen here for TLS [repeatable]
    #[arg(long, value_name = "ADDR", required = true)]
    listen_tls: Vec<SocketAddr>,

    /// Listen here for clear HTTP [repeatable]
    #[arg(long, value_name = "ADDR")]
    listen_http: Vec<SocketAddr>,

    /// Listen here for DNS, UDP and TCP [repeatable]
    #[arg(long, value_name = "ADDR", requires = "zone")]
    listen_dns: Vec<SocketAddr>,

    /// Certificate chain, PEM, leaf first; without it an own authority is made in DATA
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Ed25519 key that signs replies, PEM (openssl genpkey -algorithm ed25519); without it one is made in DATA
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,

    /// Key that will sign after the next rotation: told to agents, not used yet
    #[arg(long, value_name = "FILE")]
    next_signing_key: Option<PathBuf>,

    /// Directory of what the canary makes itself
    #[arg(long, value_name = "DIR", default_value = "mtd-canary")]
    data: PathBuf,
}

/// Runs the command.
pub(crate) async fn run(args: Args) -> Result<(), CanaryError> {
    let running = Canary::start(config(args)?).await?;
    let settings = serde_json::to_string(&running.settings)
        .map_err(|error| CanaryError::Config(format!("settings cannot be written: {error}")))?;
    println!("{settings}");
    eprintln!("canary {} answers; stop it with Ctrl-C", running.settings.name);
    interrupted().await;
    running.stop().await;
    Ok(())
}

fn config(args: Args) -> Result<Config, CanaryError> {
    let identity = match (&args.cert, &args.key) {
        (Some(certificate), Some(key)) => Identity::from_files(certificate, key)?,
        _ => Identity::self_made(&args.data, &args.name, &args.addresses, WallClock.now())?,
    };
    let signer = match &args.signing_key {
        Some(path) => read_signing_key(path)?,
        None => open_signing_key(&args.data)?,
    };
    let next_key = args.next_signing_key.as_deref().map(read_signing_key).transpose()?;
    Ok(Config {
        name: args.name,
        zone: args.zone,
        network: args.network,
        addresses: args.addresses,
        listen: Listen { tls: args.listen_tls, http: args.listen_http, dns: args.listen_dns },
        identity,
        signer,
        next_key: next_key.map(|signer| signer.public()),
        clock: Arc::new(WallClock),
    })
}

/// Returns at Ctrl-C, or when a service manager says so.
async fn interrupted() {
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}
