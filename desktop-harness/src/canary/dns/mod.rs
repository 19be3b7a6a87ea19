//! The name server of the canary's zone, over UDP, TCP and HTTPS.

pub mod answer;
pub mod doh;
mod tcp;
mod udp;
mod zone;

pub use tcp::serve as serve_tcp;
pub use udp::serve as serve_udp;
pub use zone::Zone;
