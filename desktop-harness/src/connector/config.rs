//! How a connector is set up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use agent_core::platform::Clock;
use url::Url;

use super::error::Error;

/// Port of a connector where none is asked for: that of HTTPS, out of the privileged range.
const DEFAULT_PORT: u16 = 8443;

/// How a connector is set up.
#[derive(Clone)]
pub struct Config {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Host names and addresses that the certificate is for. Devices are told the first.
    pub names: Vec<String>,
    /// Where to answer `GET /generate_204` in the clear, for captive portal probes.
    pub clear_http: Option<SocketAddr>,
    /// The organisation: `a-z`, `0-9` and hyphen.
    pub tenant: String,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// A connector for this machine alone, for the organisation `default`.
    pub fn new(data_dir: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self {
            data_dir: data_dir.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            names: ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec(),
            clear_http: None,
            tenant: "default".to_owned(),
            clock,
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.url(DEFAULT_PORT).map(|_| ())
    }

    /// The URL that devices are told when the connector listens on `port`.
    pub(super) fn url(&self, port: u16) -> Result<String, Error> {
        let name =
            self.names.first().ok_or_else(|| Error::Config("at least one name is needed".to_owned()))?;
        let host = match name.parse() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => name.clone(),
        };
        let url = Url::parse(&format!("https://{host}:{port}"));
        let url = url.map_err(|error| Error::Config(format!("name \"{name}\" is no host name: {error}")))?;
        Ok(url.origin().ascii_serialization())
    }
}
