//! Clear HTTP on one connection.

use std::io;
use std::net::IpAddr;

use tokio::net::TcpStream;

use super::io::{read_head, reply};
use super::routes::{Channel, respond};
use crate::canary::service::{Seen, Service};

/// Answers one request.
pub async fn serve(service: &Service, mut stream: TcpStream, peer: IpAddr) -> io::Result<()> {
    let Some(head) = read_head(&mut stream).await? else { return Ok(()) };
    let seen = Seen { peer, head: head.bytes() };
    match respond(service, seen, &head, Channel::Clear) {
        Some(response) => reply(&mut stream, &response).await,
        None => Ok(()),
    }
}
