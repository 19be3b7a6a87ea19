//! DNS over TCP (RFC 7766): messages behind a 2-byte length, several on a connection.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Transport, answer};
use crate::canary::limits::{MAX_DNS_QUERY, MAX_QUERIES_PER_CONNECTION};
use crate::canary::service::Service;

/// Answers the queries of one connection; closes at the first that deserves none.
pub async fn serve(service: &Service, mut stream: TcpStream, peer: IpAddr) -> io::Result<()> {
    for _ in 0..MAX_QUERIES_PER_CONNECTION {
        let length = usize::from(stream.read_u16().await?);
        if length > MAX_DNS_QUERY {
            return Ok(());
        }
        let mut query = vec![0; length];
        stream.read_exact(&mut query).await?;
        let Some(reply) = answer(service, &query, peer, Transport::Stream) else { return Ok(()) };
        let Ok(length) = u16::try_from(reply.len()) else { return Ok(()) };
        stream.write_all(&[length.to_be_bytes().as_slice(), &reply].concat()).await?;
    }
    Ok(())
}
