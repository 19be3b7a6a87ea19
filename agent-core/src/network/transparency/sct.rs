//! Signed certificate timestamps as they are embedded (RFC 6962, sections 3.2 and 3.3; the notation is that of TLS):
//!
//! ```text
//!  SignedCertificateTimestampList { SerializedSCT sct_list<1..2^16-1> }, SerializedSCT: opaque<1..2^16-1>
//!  SignedCertificateTimestamp { u8 version = 0, [u8; 32] log_id, u64 timestamp in ms, opaque extensions<0..2^16-1>,
//!                               u8 hash, u8 signature algorithm, opaque signature<0..2^16-1> }
//! ```

use crate::model::{Sha256, Timestamp};

/// One timestamp of version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sct<'a> {
    /// The log: SHA-256 of its key.
    pub(super) log: Sha256,
    /// When the log issued it, in milliseconds since 1970-01-01T00:00:00Z.
    pub(super) milliseconds: u64,
    /// Extensions of the protocol, opaque here.
    pub(super) extensions: &'a [u8],
    /// HashAlgorithm and SignatureAlgorithm (RFC 5246, section 7.4.1.4.1).
    pub(super) algorithm: [u8; 2],
    /// The signature.
    pub(super) signature: &'a [u8],
}

impl Sct<'_> {
    /// When the log issued it.
    pub(super) fn issued(&self) -> Timestamp {
        Timestamp::from_unix(i64::try_from(self.milliseconds / 1000).unwrap_or(i64::MAX))
    }
}

/// The SCTs of a list; `None` in the place of each that cannot be read, and nothing if the list itself cannot be.
pub(super) fn read_list(list: &[u8]) -> Option<Vec<Option<Sct<'_>>>> {
    let mut outer = Reader(list);
    let mut scts = Reader(outer.opaque()?);
    outer.end()?;
    let mut read = Vec::new();
    while !scts.0.is_empty() {
        read.push(Sct::read(scts.opaque()?));
    }
    Some(read)
}

impl<'a> Sct<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let [V1] = reader.array()? else { return None };
        let sct = Self {
            log: Sha256::from_bytes(reader.array()?),
            milliseconds: u64::from_be_bytes(reader.array()?),
            extensions: reader.opaque()?,
            algorithm: reader.array()?,
            signature: reader.opaque()?,
        };
        reader.end()?;
        Some(sct)
    }
}

const V1: u8 = 0;

/// Reads from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    /// Bytes after their number, which takes two bytes.
    fn opaque(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(self.array()?);
        let (bytes, rest) = self.0.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(bytes)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
