//! DER (X.690, section 10) as strict as it is written: one encoding for one value, and nothing after it.
//!
//! A lenient reader and a strict one can read two different statements out of the same signed bytes; what an
//! attestation says must not depend on who reads it.

/// Why bytes are not the DER that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    /// The bytes end within an element.
    #[error("cut short")]
    Truncated,
    /// Bytes follow the last element.
    #[error("{0} bytes too many at the end")]
    Trailing(usize),
    /// A length in more bytes than it needs, or of indefinite form (X.690, section 10.1).
    #[error("a length is not in its shortest form")]
    Length,
    /// A tag number in more bytes than it needs, or beyond what attestations use.
    #[error("a tag is not in its shortest form, or out of range")]
    Tag,
    /// Another element than the schema has here.
    #[error("expected {expected}, found tag {found}")]
    Unexpected {
        /// What the schema has.
        expected: &'static str,
        /// What is there.
        found: Tag,
    },
    /// A boolean other than 00 or FF (X.690, section 11.1).
    #[error("a boolean is {0:02x}: only 00 and ff are booleans in DER")]
    Boolean(u8),
    /// An integer that is not in its shortest form, negative, or beyond 64 bits.
    #[error("a number is not in its shortest form, negative or too large")]
    Integer,
    /// A NULL with content.
    #[error("a NULL has content")]
    Null,
    /// A value that the schema does not have.
    #[error("{0}")]
    Value(&'static str),
}

/// The tag of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    class: u8,
    constructed: bool,
    number: u32,
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let class = ["universal", "application", "context", "private"];
        let class = class.get(usize::from(self.class)).copied().unwrap_or("?");
        write!(f, "{class} {}", self.number)
    }
}

const CONTEXT: u8 = 2;

const fn universal(number: u32, constructed: bool) -> Tag {
    Tag { class: 0, constructed, number }
}

/// Largest tag number. Attestations go to 724, which takes two further bytes.
const MAX_TAG: u32 = (1 << 14) - 1;

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything is read.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses what is left.
    pub const fn end(self) -> Result<(), DerError> {
        match self.0.len() {
            0 => Ok(()),
            left => Err(DerError::Trailing(left)),
        }
    }

    /// The elements of a SEQUENCE.
    pub fn sequence(&mut self) -> Result<Self, DerError> {
        self.expect(universal(16, true), "a SEQUENCE").map(Self)
    }

    /// The elements of a SET.
    pub fn set(&mut self) -> Result<Self, DerError> {
        self.expect(universal(17, true), "a SET").map(Self)
    }

    /// An OCTET STRING.
    pub fn octets(&mut self) -> Result<&'a [u8], DerError> {
        self.expect(universal(4, false), "an OCTET STRING")
    }

    /// A BIT STRING of whole bytes.
    pub fn bits(&mut self) -> Result<&'a [u8], DerError> {
        match self.expect(universal(3, false), "a BIT STRING")? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(DerError::Value("a BIT STRING that is not of whole bytes")),
        }
    }

    /// Any element, with its tag and length.
    pub fn raw(&mut self) -> Result<&'a [u8], DerError> {
        let before = self.0;
        self.element()?;
        Ok(before.get(..before.len() - self.0.len()).unwrap_or_default())
    }

    /// A BOOLEAN.
    pub fn boolean(&mut self) -> Result<bool, DerError> {
        match *self.expect(universal(1, false), "a BOOLEAN")? {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            [other] => Err(DerError::Boolean(other)),
            _ => Err(DerError::Length),
        }
    }

    /// A NULL.
    pub fn null(&mut self) -> Result<(), DerError> {
        match self.expect(universal(5, false), "a NULL")? {
            [] => Ok(()),
            _ => Err(DerError::Null),
        }
    }

    /// An INTEGER from 0 to 2^64 - 1.
    pub fn integer(&mut self) -> Result<u64, DerError> {
        unsigned(self.expect(universal(2, false), "an INTEGER")?)
    }

    /// An ENUMERATED from 0 to 2^64 - 1.
    pub fn enumerated(&mut self) -> Result<u64, DerError> {
        unsigned(self.expect(universal(10, false), "an ENUMERATED")?)
    }

    /// An element that is tagged explicitly: the number of its context-specific tag, and what is in it.
    pub fn tagged(&mut self) -> Result<(u32, Self), DerError> {
        let (tag, content) = self.element()?;
        match tag {
            Tag { class: CONTEXT, constructed: true, number } => Ok((number, Self(content))),
            found => Err(DerError::Unexpected { expected: "an explicit tag", found }),
        }
    }

    fn expect(&mut self, tag: Tag, expected: &'static str) -> Result<&'a [u8], DerError> {
        match self.element()? {
            (found, content) if found == tag => Ok(content),
            (found, _) => Err(DerError::Unexpected { expected, found }),
        }
    }

    fn element(&mut self) -> Result<(Tag, &'a [u8]), DerError> {
        let tag = self.tag()?;
        let length = self.length()?;
        let (content, rest) = self.0.split_at_checked(length).ok_or(DerError::Truncated)?;
        self.0 = rest;
        Ok((tag, content))
    }

    fn tag(&mut self) -> Result<Tag, DerError> {
        let first = self.byte()?;
        let (class, constructed) = (first >> 6, first & 0x20 != 0);
        let short = u32::from(first & 0x1f);
        let number = if short == 0x1f { self.long_tag()? } else { short };
        Ok(Tag { class, constructed, number })
    }

    /// Base 128, most significant first; every byte but the last has the high bit.
    fn long_tag(&mut self) -> Result<u32, DerError> {
        let mut number = 0;
        loop {
            let byte = self.byte()?;
            if number == 0 && byte == 0x80 {
                return Err(DerError::Tag);
            }
            number = number << 7 | u32::from(byte & 0x7f);
            if number > MAX_TAG {
                return Err(DerError::Tag);
            }
            if byte & 0x80 == 0 {
                return if number < 0x1f { Err(DerError::Tag) } else { Ok(number) };
            }
        }
    }

    fn length(&mut self) -> Result<usize, DerError> {
        let first = self.byte()?;
        let count = match first {
            0..=0x7f => return Ok(usize::from(first)),
            0x81..=0x83 => first & 0x7f,
            _ => return Err(DerError::Length),
        };
        let mut length = 0;
        for _ in 0..count {
            length = length << 8 | usize::from(self.byte()?);
        }
        let shortest = match count {
            1 => length >= 0x80,
            2 => length > 0xff,
            _ => length > 0xffff,
        };
        if shortest { Ok(length) } else { Err(DerError::Length) }
    }

    fn byte(&mut self) -> Result<u8, DerError> {
        let (first, rest) = self.0.split_first().ok_or(DerError::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }
}

fn unsigned(content: &[u8]) -> Result<u64, DerError> {
    let digits = match content {
        [] | [0x80..=0xff, ..] => return Err(DerError::Integer),
        [0, next, ..] if *next < 0x80 => return Err(DerError::Integer),
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    if digits.len() > 8 {
        return Err(DerError::Integer);
    }
    Ok(digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
#[path = "tests/der.rs"]
mod tests;
