//! What is asked over HTTP: `/<nonce>` and a name below it.

use super::hex::Nonce;
use super::reply::Content;

/// Something that a canary serves for one nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// `/<nonce>`: over clear HTTP a 301 to the same path over HTTPS ([`RedirectReply`](super::RedirectReply)), over
    /// TLS the binding ([`TlsReply`](super::TlsReply)).
    Root,
    /// `/<nonce>/echo`, `/page.html`, `/script.js`, `/image.png`: the same over clear HTTP and over TLS.
    Content(Content),
    /// `/<nonce>/time`.
    Time,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 6] = [
        Self::Root,
        Self::Content(Content::Echo),
        Self::Content(Content::Page),
        Self::Content(Content::Script),
        Self::Content(Content::Image),
        Self::Time,
    ];

    /// The path to ask for.
    pub fn path(self, nonce: &Nonce) -> String {
        format!("/{nonce}{}", self.suffix())
    }

    /// Reads a path in exactly the form that [`Self::path`] writes.
    pub fn parse(path: &str) -> Option<(Nonce, Self)> {
        let rest = path.strip_prefix('/')?;
        let (nonce, suffix) = rest.split_at_checked(NONCE_DIGITS)?;
        let resource = Self::ALL.into_iter().find(|resource| resource.suffix() == suffix)?;
        Some((nonce.parse().ok()?, resource))
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Content(Content::Echo) => "/echo",
            Self::Content(Content::Page) => "/page.html",
            Self::Content(Content::Script) => "/script.js",
            Self::Content(Content::Image) => "/image.png",
            Self::Time => "/time",
        }
    }
}

/// The nonce of a request for an echo: the first `/<nonce>/echo` anywhere in the head, so that a request that is no
/// HTTP at all can be echoed too.
pub fn echo_nonce(head: &[u8]) -> Option<Nonce> {
    const ECHO: &[u8] = b"/echo";
    let candidates = head.windows(1 + NONCE_DIGITS + ECHO.len());
    candidates
        .filter_map(|window| window.strip_prefix(b"/")?.strip_suffix(ECHO))
        .find_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
}

const NONCE_DIGITS: usize = 32;
