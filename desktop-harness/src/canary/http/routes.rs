//! What is answered to which request. Pure: no I/O but the clock that replies tell.

use agent_core::canary::{Content, NO_CONTENT_PATH, Nonce, Resource, Stamp, echo_nonce};

use super::head::Head;
use super::response::Response;
use crate::canary::service::{Seen, Service, Session};

/// What a request came over.
#[derive(Clone, Copy)]
pub enum Channel<'a> {
    /// Clear TCP.
    Clear,
    /// TLS that this process terminates.
    Tls(&'a Session),
}

/// The answer to a request without body; `None` when it is no HTTP, and the connection is closed without a word.
pub fn respond(service: &Service, seen: Seen<'_>, head: &Head, channel: Channel<'_>) -> Option<Response> {
    // Before anything is parsed: an echo is also for requests that cannot be.
    if let Some(nonce) = echo_nonce(head.bytes()) {
        return content(service, Content::Echo, nonce, seen);
    }
    let (method, target) = head.request_line()?;
    if method != "GET" {
        return Some(Response::new("405 Method Not Allowed").with("Allow", "GET"));
    }
    let path = origin_form(target);
    if path == NO_CONTENT_PATH {
        return Some(Response::new("204 No Content"));
    }
    let Some((nonce, resource)) = Resource::parse(path) else {
        return Some(Response::new("404 Not Found"));
    };
    match (resource, channel) {
        (Resource::Content(kind), _) => content(service, kind, nonce, seen),
        (Resource::Time, _) => service
            .sign_stamp(Stamp::Time, nonce, seen.peer)
            .map(|token| Response::new("200 OK").signed(token)),
        (Resource::Root, Channel::Clear) => redirect(service, nonce, seen),
        (Resource::Root, Channel::Tls(session)) => {
            service.sign_session(nonce, seen, session).map(|token| Response::new("200 OK").signed(token))
        }
    }
}

fn content(service: &Service, kind: Content, nonce: Nonce, seen: Seen<'_>) -> Option<Response> {
    let (media_type, body) = service.contents.body(kind, seen.head);
    let token = service.sign_content(kind, nonce, seen, body)?;
    Some(Response::new("200 OK").signed(token).with_body(media_type, body))
}

fn redirect(service: &Service, nonce: Nonce, seen: Seen<'_>) -> Option<Response> {
    let location = format!("https://{}{}", service.authority(), Resource::Root.path(&nonce));
    let token = service.sign_redirect(nonce, seen, &location)?;
    Some(Response::new("301 Moved Permanently").with("Location", location).signed(token))
}

/// The path of a target, also of one in absolute form, as a proxy may pass it on (RFC 9112, section 3.2.2).
fn origin_form(target: &str) -> &str {
    let Some((scheme, rest)) = target.split_once("://") else { return target };
    match rest.find('/') {
        Some(at) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            rest.get(at..).unwrap_or(target)
        }
        _ => target,
    }
}
