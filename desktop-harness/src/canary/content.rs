//! The page, script and image: what those who tamper with clear HTTP look for.
//!
//! They do not depend on the nonce, so that an agent that finds one changed can fetch the original over TLS and tell
//! what was changed.

use agent_core::canary::Content;

const PAGE: &str = include_str!("content/page.html");
const SCRIPT: &str = include_str!("content/script.js");
/// 64 by 64 pixels in true colour: worth recompressing to a carrier's proxy.
const IMAGE: &[u8] = include_bytes!("content/image.png");

/// Where `content/page.html` names its host.
const HOST: &str = "{{host}}";

/// The fixed bodies of one canary.
pub struct Contents {
    page: Vec<u8>,
}

impl Contents {
    /// The bodies of a canary whose links lead to `authority` (host, and port unless 443).
    pub fn new(authority: &str) -> Self {
        Self { page: PAGE.replace(HOST, authority).into_bytes() }
    }

    /// The body of `kind` and its media type. An echo is the request `head`.
    pub fn body<'a>(&'a self, kind: Content, head: &'a [u8]) -> (&'static str, &'a [u8]) {
        match kind {
            Content::Echo => ("application/octet-stream", head),
            Content::Page => ("text/html; charset=utf-8", &self.page),
            Content::Script => ("text/javascript; charset=utf-8", SCRIPT.as_bytes()),
            Content::Image => ("image/png", IMAGE),
        }
    }
}
