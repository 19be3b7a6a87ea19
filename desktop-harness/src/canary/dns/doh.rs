//! DNS over HTTPS (RFC 8484), GET and POST.

use std::io;
use std::net::IpAddr;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::answer::{Transport, answer};
use crate::canary::http::{Head, Response};
use crate::canary::limits::MAX_DNS_QUERY;
use crate::canary::service::Service;

const MEDIA_TYPE: &str = "application/dns-message";

/// Answers the request that begins with `head`, reading its body from `stream`.
pub async fn respond<S: AsyncRead + Unpin>(
    service: &Service,
    stream: &mut S,
    head: Head,
    peer: IpAddr,
) -> io::Result<Response> {
    let query = match read_query(stream, head).await? {
        Ok(query) => query,
        Err(refusal) => return Ok(refusal),
    };
    Ok(match answer(service, &query, peer, Transport::Stream) {
        Some(reply) => Response::new("200 OK").with_body(MEDIA_TYPE, &reply),
        None => Response::new("400 Bad Request"),
    })
}

async fn read_query<S: AsyncRead + Unpin>(
    stream: &mut S,
    head: Head,
) -> io::Result<Result<Vec<u8>, Response>> {
    match head.request_line() {
        Some(("GET", target)) => Ok(query_parameter(target).ok_or(Response::new("400 Bad Request"))),
        Some(("POST", _)) => read_body(stream, head).await,
        _ => Ok(Err(Response::new("405 Method Not Allowed").with("Allow", "GET, POST"))),
    }
}

/// The value of `dns` in the query of `target`.
fn query_parameter(target: &str) -> Option<Vec<u8>> {
    let (_, parameters) = target.split_once('?')?;
    let value = parameters.split('&').find_map(|parameter| parameter.strip_prefix("dns="))?;
    BASE64_URL_SAFE_NO_PAD.decode(value).ok()
}

async fn read_body<S: AsyncRead + Unpin>(
    stream: &mut S,
    head: Head,
) -> io::Result<Result<Vec<u8>, Response>> {
    if !head.header("Content-Type").is_some_and(|value| value.eq_ignore_ascii_case(MEDIA_TYPE)) {
        return Ok(Err(Response::new("415 Unsupported Media Type")));
    }
    let Some(length) = head.header("Content-Length").and_then(|value| value.parse::<usize>().ok()) else {
        return Ok(Err(Response::new("411 Length Required")));
    };
    if length > MAX_DNS_QUERY {
        return Ok(Err(Response::new("413 Content Too Large")));
    }
    let mut body = head.rest;
    body.truncate(length);
    let missing = length - body.len();
    stream.take(missing as u64).read_to_end(&mut body).await?;
    Ok(if body.len() == length { Ok(body) } else { Err(Response::new("400 Bad Request")) })
}
