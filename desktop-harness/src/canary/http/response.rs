//! A response: status, the headers that it needs, body. It names no software and no date.

use agent_core::canary::REPLY_HEADER;

/// What is sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Response {
    /// A response without body. `status` is code and reason.
    pub const fn new(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the signed reply.
    pub fn signed(self, token: String) -> Self {
        self.with(REPLY_HEADER, token)
    }

    /// Sets the body and its media type.
    pub fn with_body(mut self, media_type: &'static str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.with("Content-Type", media_type)
    }

    /// The response as it goes over the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        // RFC 9110, section 8.6: a 204 has no Content-Length.
        if !self.status.starts_with("204") {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        head += "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
        [head.as_bytes(), &self.body].concat()
    }
}
