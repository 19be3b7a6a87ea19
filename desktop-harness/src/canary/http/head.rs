//! The head of a request: kept as it came, looked into as far as the answer needs.

/// A request's head as it arrived, to the end of its empty line, and what came behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    bytes: Vec<u8>,
    /// Bytes behind the head that were read along with it: the beginning of the body.
    pub rest: Vec<u8>,
}

impl Head {
    /// Splits `bytes` behind the first empty line, if there is one. Looks no further back than needed for the last
    /// `new` bytes, so that a head that comes byte by byte costs no more than one that comes at once.
    pub fn complete(bytes: &[u8], new: usize) -> Option<Self> {
        let from = bytes.len().saturating_sub(new + 3);
        let tail = bytes.get(from..)?;
        let ends = (1..=tail.len()).find(|end| tail.get(..*end).is_some_and(ends_with_empty_line))?;
        let (head, rest) = bytes.split_at_checked(from + ends)?;
        Some(Self { bytes: head.to_vec(), rest: rest.to_vec() })
    }

    /// The bytes of the head.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Method and target, if the first line is a request line of HTTP/1 (RFC 9112, section 3).
    pub fn request_line(&self) -> Option<(&str, &str)> {
        let mut words = self.lines().next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        (words.next().is_none() && matches!(version, "HTTP/1.0" | "HTTP/1.1")).then_some((method, target))
    }

    /// The value of the first header `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The lines. One that is not UTF-8 is empty, so that a proxy's odd header spoils no other.
    fn lines(&self) -> impl Iterator<Item = &str> {
        let lines = self.bytes.split(|byte| *byte == b'\n');
        lines.map(|line| std::str::from_utf8(line).unwrap_or_default().trim_end_matches('\r'))
    }
}

/// Bare line feeds count too (RFC 9112, section 2.2): whoever sends them awaits an answer.
fn ends_with_empty_line(bytes: &[u8]) -> bool {
    bytes.ends_with(b"\n\r\n") || bytes.ends_with(b"\n\n")
}
