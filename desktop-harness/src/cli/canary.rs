//! `mtd canary`.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent_core::platform::Clock;

use super::folder::data_dir;
use super::signals::Interruption;
use super::{Global, Outcome};
use crate::CliError;
use crate::canary::{
    Addresses, Canary, CanaryError, Config, Identity, Listen, Running, open_signing_key, read_signing_key,
};
use crate::host::SystemClock;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mtd canary --name localhost --listen-tls 127.0.0.1:8444 --listen-http 127.0.0.1:8080
  mtd canary --name canary.example --zone z.canary.example --address 192.0.2.80 --network AS64500 \\
      --listen-tls 192.0.2.80:443 --listen-http 192.0.2.80:80 --listen-dns 192.0.2.80:53

Prints what agents need to know of it, its entry in the organisation's settings (--json: nothing else), then
serves until it is interrupted. Run it where no network that you want to check can reach, ideally three in
different networks.")]
pub(crate) struct Args {
    /// Host name of the canary, as agents and certificates name it
    #[arg(long, value_name = "HOST")]
    name: String,
    /// DNS zone that is delegated to this canary; it must not contain HOST
    #[arg(long)]
    zone: Option<String>,
    /// Address at which agents reach it without DNS; repeatable
    #[arg(long = "address", value_name = "IP")]
    addresses: Vec<IpAddr>,
    /// Which network this canary is in: canaries of one network count once
    #[arg(long, value_name = "LABEL", default_value = "canary")]
    network: String,
    /// Listen here for TLS; repeatable
    #[arg(long, value_name = "ADDR", required = true)]
    listen_tls: Vec<SocketAddr>,
    /// Listen here for clear HTTP; repeatable
    #[arg(long, value_name = "ADDR")]
    listen_http: Vec<SocketAddr>,
    /// Listen here for DNS, UDP and TCP; repeatable
    #[arg(long, value_name = "ADDR", requires = "zone")]
    listen_dns: Vec<SocketAddr>,
    /// Certificate chain, PEM, leaf first [default: one by an authority made at first start]
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Ed25519 key that signs replies, PEM (openssl genpkey -algorithm ed25519) [default: made at first start]
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// Key that will sign after the next rotation: told to agents, not used yet
    #[arg(long, value_name = "FILE")]
    next_signing_key: Option<PathBuf>,
    /// Folder of what the canary makes itself [default: canary in --data]
    #[arg(long, value_name = "DIR")]
    canary_data: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, global: &Global, ui: &Ui) -> Result<Outcome, CliError> {
    let folder = match &args.canary_data {
        Some(folder) => folder.clone(),
        None => data_dir(global)?.join("canary"),
    };
    let interruption = Interruption::listen()?;
    let running = Canary::start(config(args, &folder)?).await?;
    match ui.json {
        true => ui.json(&running.settings)?,
        false => show(&running, ui)?,
    }
    interruption.wait().await;
    running.stop().await;
    Ok(Outcome::Done)
}

fn config(args: Args, folder: &Path) -> Result<Config, CanaryError> {
    let identity = match (&args.cert, &args.key) {
        (Some(certificate), Some(key)) => Identity::from_files(certificate, key)?,
        _ => Identity::self_made(folder, &args.name, &args.addresses, SystemClock.now())?,
    };
    let signer = match &args.signing_key {
        Some(path) => read_signing_key(path)?,
        None => open_signing_key(folder)?,
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
        clock: Arc::new(SystemClock),
    })
}

fn show(running: &Running, ui: &Ui) -> Result<(), CliError> {
    ui.line(format!("Canary {} answers.      Stop: Ctrl-C", running.settings.name));
    let Addresses { tls, http, dns } = &running.addresses;
    for (what, addresses) in [("TLS", tls), ("HTTP", http), ("DNS", dns)] {
        for address in addresses {
            ui.line(format!("{what:<5} {address}"));
        }
    }
    ui.line("Its entry in the organisation's settings:");
    ui.line(serde_json::to_string(&running.settings)?);
    Ok(())
}
