//! From the errors of the libraries to [`Failure`]: the one place where they are told apart.

use std::error::Error;
use std::io;

use crate::network::observation::{Failure, FailureKind, Phase};
use crate::network::words::plain;

impl Failure {
    pub(super) fn new(phase: Phase, kind: FailureKind, detail: impl AsRef<str>) -> Self {
        Self { phase, kind, detail: plain(detail.as_ref()) }
    }

    pub(super) fn configuration(detail: impl AsRef<str>) -> Self {
        Self::new(Phase::Resolve, FailureKind::Configuration, detail)
    }

    /// An error of the operating system, or of TLS inside one.
    pub(super) fn from_io(phase: Phase, error: &io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let kind = tls.map_or_else(|| io_kind(phase, error.kind()), tls_kind);
        Self::new(phase, kind, error.to_string())
    }

    /// An error of the HTTP exchange, or of what lies below it.
    pub(super) fn from_http(error: &hyper::Error) -> Self {
        let below = std::iter::successors(error.source(), |error| (*error).source());
        if let Some(error) = below.filter_map(|error| error.downcast_ref::<io::Error>()).next() {
            return Self::from_io(Phase::Http, error);
        }
        let kind = if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            FailureKind::Closed
        } else {
            FailureKind::Protocol
        };
        Self::new(Phase::Http, kind, error.to_string())
    }
}

fn io_kind(phase: Phase, kind: io::ErrorKind) -> FailureKind {
    use io::ErrorKind;
    match kind {
        ErrorKind::ConnectionRefused => FailureKind::Refused,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            FailureKind::Reset
        }
        ErrorKind::UnexpectedEof => FailureKind::Closed,
        ErrorKind::TimedOut => FailureKind::TimedOut,
        ErrorKind::QuotaExceeded => FailureKind::TooLarge,
        _ => match phase {
            Phase::Resolve => FailureKind::NameNotResolved,
            Phase::Connect | Phase::Dns | Phase::Path => FailureKind::Unreachable,
            Phase::Tls | Phase::Http => FailureKind::Protocol,
        },
    }
}

fn tls_kind(error: &rustls::Error) -> FailureKind {
    match error {
        rustls::Error::AlertReceived(_) => FailureKind::Alert,
        rustls::Error::InvalidCertificate(_) => FailureKind::Certificate,
        rustls::Error::PeerMisbehaved(
            rustls::PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported,
        ) => FailureKind::Downgraded,
        rustls::Error::InvalidMessage(rustls::InvalidMessage::HandshakePayloadTooLarge) => {
            FailureKind::TooLarge
        }
        _ => FailureKind::Protocol,
    }
}
