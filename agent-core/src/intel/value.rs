//! What an indicator names, in the one form in which indicators and observations are compared.
//!
//! Both sides go through the same functions, so that a notation (upper case, a trailing dot, colons in a digest,
//! Unicode in a host name) can never make the difference.

use std::net::{IpAddr, Ipv6Addr};

use url::{Host, Url};

use crate::model::words::words;

/// Longest host name in its text form, and longest label (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// Longest text that is compared, in bytes. The length of a stored text is 16 bits; Android's PATH_MAX is 4,096.
const MAX_TEXT: usize = 8 * 1024;

words! {
    /// What a value is a value of.
    pub enum ValueKind {
        /// A host name: it and everything below it.
        Domain = "domain",
        /// A URL: its host, everything below its path, its query.
        Url = "url",
        /// An IP address, or a range of them.
        Network = "network",
        /// An app identifier.
        AppId = "app_id",
        /// An app identifier together with its signing certificate.
        SignedApp = "signed_app",
        /// A signing certificate.
        Certificate = "certificate",
        /// The digest of a file.
        FileHash = "file_hash",
        /// The name of a process.
        Process = "process",
        /// The path of a file or folder, and everything below it.
        FilePath = "file_path",
        /// The name of a file, in any folder.
        FileName = "file_name",
        /// The identifier of a configuration profile.
        Profile = "profile",
        /// An e-mail address.
        Email = "email",
        /// The name of an Android system property.
        Property = "property",
    }
}

/// A digest by its algorithm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Digest {
    /// MD5.
    Md5([u8; 16]),
    /// SHA-1.
    Sha1([u8; 20]),
    /// SHA-256.
    Sha256([u8; 32]),
}

/// A range of addresses. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291, section 2.5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// Leading bits that count, of 128.
    pub prefix: u8,
    /// The first address; the bits beyond the prefix are zero.
    pub first: u128,
}

/// A value in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Lower-case ASCII after IDNA, without a trailing dot.
    Domain(String),
    /// `host[:port][/path][?query]`; see [`UrlParts`].
    Url(String),
    /// Addresses.
    Network(Network),
    /// The identifier as written.
    AppId(String),
    /// The identifier as written, a space, the digest.
    SignedApp(String),
    /// The digest of a certificate: SHA-1 or SHA-256.
    Certificate(Digest),
    /// The digest of a file.
    FileHash(Digest),
    /// As written.
    Process(String),
    /// Without a trailing slash.
    FilePath(String),
    /// As written.
    FileName(String),
    /// In lower case.
    Profile(String),
    /// In lower case.
    Email(String),
    /// As written.
    Property(String),
}

impl Value {
    /// Reads a value of `kind`; the error says what is wrong with it. A host name that is an address is a network.
    pub fn parse(kind: ValueKind, text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        match kind {
            ValueKind::Domain => match host(text)? {
                HostName::Name(name) => Ok(Self::Domain(name)),
                HostName::Address(address) => Ok(Self::Network(Network::of(address))),
            },
            ValueKind::Url => UrlParts::parse(text).map(|parts| Self::Url(parts.key())),
            ValueKind::Network => network(text).map(Self::Network),
            ValueKind::AppId => plain(text).map(Self::AppId),
            ValueKind::SignedApp => {
                let (id, digest) = text.rsplit_once(' ').ok_or("not an identifier, a space and a digest")?;
                let digest = certificate(digest)?;
                plain(id).map(|id| Self::SignedApp(format!("{id} {}", digest.hex())))
            }
            ValueKind::Certificate => certificate(text).map(Self::Certificate),
            ValueKind::FileHash => digest(text).map(Self::FileHash),
            ValueKind::Process => plain(text).map(Self::Process),
            ValueKind::FilePath => {
                let path = text.trim_end_matches('/');
                plain(path)
                    .map(Self::FilePath)
                    .map_err(|why| if text.is_empty() { why } else { "the whole disk" })
            }
            ValueKind::FileName => match text.contains('/') {
                true => Err("a file name with a slash in it"),
                false => plain(text).map(Self::FileName),
            },
            ValueKind::Profile => plain(text).map(|text| Self::Profile(text.to_lowercase())),
            ValueKind::Email => match text.split_once('@') {
                Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
                    plain(text).map(|text| Self::Email(text.to_lowercase()))
                }
                _ => Err("not an e-mail address"),
            },
            ValueKind::Property => plain(text).map(Self::Property),
        }
    }

    /// What this is a value of.
    pub const fn kind(&self) -> ValueKind {
        match self {
            Self::Domain(_) => ValueKind::Domain,
            Self::Url(_) => ValueKind::Url,
            Self::Network(_) => ValueKind::Network,
            Self::AppId(_) => ValueKind::AppId,
            Self::SignedApp(_) => ValueKind::SignedApp,
            Self::Certificate(_) => ValueKind::Certificate,
            Self::FileHash(_) => ValueKind::FileHash,
            Self::Process(_) => ValueKind::Process,
            Self::FilePath(_) => ValueKind::FilePath,
            Self::FileName(_) => ValueKind::FileName,
            Self::Profile(_) => ValueKind::Profile,
            Self::Email(_) => ValueKind::Email,
            Self::Property(_) => ValueKind::Property,
        }
    }
}

fn plain(text: &str) -> Result<String, &'static str> {
    match text {
        "" => Err("it is empty"),
        _ if text.len() > MAX_TEXT => Err("it is longer than 8,192 bytes"),
        _ if text.contains(|c: char| c.is_control()) => Err("it holds control characters"),
        _ => Ok(text.to_owned()),
    }
}

impl Digest {
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Md5(bytes) => bytes,
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        self.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Reads hexadecimal digits of either case, colons stripped; the length tells the algorithm. A `sha256:`, `sha1:` or
/// `md5:` before them must agree.
pub fn digest(text: &str) -> Result<Digest, &'static str> {
    const WRONG: &str = "not the hexadecimal digits of an MD5, SHA-1 or SHA-256 digest";
    let text = text.trim().to_ascii_lowercase();
    let named = ["sha256", "sha1", "md5"]
        .into_iter()
        .find_map(|name| Some((name, text.strip_prefix(name)?.strip_prefix(':')?)));
    let digits: String =
        named.map_or(text.as_str(), |(_, rest)| rest).chars().filter(|c| *c != ':').collect();
    let mut bytes = Vec::with_capacity(32);
    for pair in digits.as_bytes().chunks(2) {
        let (high, low) = (pair.first().ok_or(WRONG)?, pair.get(1).ok_or(WRONG)?);
        let nibble = |c: &u8| char::from(*c).to_digit(16).and_then(|n| u8::try_from(n).ok()).ok_or(WRONG);
        bytes.push(nibble(high)? << 4 | nibble(low)?);
    }
    let digest = match bytes.len() {
        16 => bytes.try_into().map(Digest::Md5),
        20 => bytes.try_into().map(Digest::Sha1),
        32 => bytes.try_into().map(Digest::Sha256),
        _ => return Err(WRONG),
    };
    let digest = digest.map_err(|_| WRONG)?;
    let expected = match digest {
        Digest::Md5(_) => "md5",
        Digest::Sha1(_) => "sha1",
        Digest::Sha256(_) => "sha256",
    };
    if named.is_some_and(|(name, _)| name != expected) { Err(WRONG) } else { Ok(digest) }
}

fn certificate(text: &str) -> Result<Digest, &'static str> {
    match digest(text)? {
        Digest::Md5(_) => Err("MD5 does not identify a certificate"),
        digest => Ok(digest),
    }
}

impl Network {
    /// One address. An IPv4-mapped IPv6 address is the IPv4 address.
    pub fn of(address: IpAddr) -> Self {
        Self { prefix: 128, first: bits(address) }
    }

    /// This address, and as many of its leading bits as `prefix` says.
    pub fn masked(self, prefix: u8) -> Self {
        let prefix = prefix.min(128);
        let mask = u128::MAX.checked_shl(u32::from(128 - prefix)).unwrap_or(0);
        Self { prefix, first: self.first & mask }
    }
}

fn bits(address: IpAddr) -> u128 {
    u128::from(match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    })
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let v6 = Ipv6Addr::from(self.first);
        match (v6.to_ipv4_mapped(), self.prefix) {
            (Some(v4), 128) => write!(f, "{v4}"),
            (Some(v4), 96..) => write!(f, "{v4}/{}", self.prefix - 96),
            (None, 128) => write!(f, "{v6}"),
            _ => write!(f, "{v6}/{}", self.prefix),
        }
    }
}

fn network(text: &str) -> Result<Network, &'static str> {
    const WRONG: &str = "neither an IP address nor a range in CIDR notation";
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address = address.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(address);
    let address: IpAddr = address.parse().map_err(|_| WRONG)?;
    let Some(length) = length else { return Ok(Network::of(address)) };
    let length: u8 = length.parse().map_err(|_| WRONG)?;
    let (most, before) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
    match length {
        0 => Err("a range of all addresses"),
        _ if length > most => Err(WRONG),
        _ => Ok(Network::of(address).masked(before + length)),
    }
}

/// A host as a URL has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostName {
    /// A name: lower-case ASCII after IDNA, without a trailing dot.
    Name(String),
    /// An address, in whatever notation it was written (WHATWG URL, section 3.5).
    Address(IpAddr),
}

/// Reads a host: IDNA (UTS #46), lower case, without its trailing dot; addresses in every notation that browsers take.
pub fn host(text: &str) -> Result<HostName, &'static str> {
    let name = text.trim().strip_suffix('.').unwrap_or(text.trim());
    if name.contains(['/', '@', '*', ' ', '?', '#', '%']) || (name.contains(':') && !name.starts_with('[')) {
        return match name.parse() {
            Ok(address) => Ok(HostName::Address(unmapped(address))),
            Err(_) => Err("not a host name"),
        };
    }
    parsed_host(name)
}

fn parsed_host(text: &str) -> Result<HostName, &'static str> {
    Ok(match Host::parse(text).map_err(|_| "not a host name")? {
        Host::Domain(name) => HostName::Name(valid_name(name)?),
        Host::Ipv4(address) => HostName::Address(address.into()),
        Host::Ipv6(address) => HostName::Address(unmapped(address.into())),
    })
}

fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn valid_name(mut name: String) -> Result<String, &'static str> {
    if name.ends_with('.') {
        name.pop();
    }
    let is_label = |label: &str| !label.is_empty() && label.len() <= MAX_LABEL;
    match name.as_str() {
        "" => Err("it is empty"),
        _ if name.len() > MAX_NAME => Err("a host name of more than 253 characters"),
        _ if !name.split('.').all(is_label) => Err("a label is empty or longer than 63 characters"),
        _ => Ok(name),
    }
}

/// The parts of a URL that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlParts {
    /// The host.
    pub host: HostName,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// Without dot segments, escapes of unreserved characters decoded (RFC 3986, section 6.2.2), no slash at the end.
    pub path: String,
    /// What follows the question mark.
    pub query: Option<String>,
}

impl UrlParts {
    /// Reads a URL; one without a scheme is taken as `http`. Scheme, user-info and fragment do not count.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.len() > MAX_TEXT {
            return Err("a URL longer than 8,192 bytes");
        }
        let url = match Url::parse(text) {
            Ok(url) if url.has_host() => url,
            _ if text.contains("://") => return Err("not a URL"),
            _ => Url::parse(&format!("http://{text}")).map_err(|_| "not a URL")?,
        };
        let host = match url.host().ok_or("a URL without a host")? {
            Host::Domain(name) if name.contains('*') => return Err("not a host name"),
            // Of http and its like it has been through IDNA already, which costs more than all the rest.
            Host::Domain(name) if url.is_special() => HostName::Name(valid_name(name.to_owned())?),
            Host::Domain(name) => parsed_host(name)?,
            Host::Ipv4(address) => HostName::Address(address.into()),
            Host::Ipv6(address) => HostName::Address(unmapped(address.into())),
        };
        let path = decoded(url.path());
        let query = url.query().filter(|query| !query.is_empty()).map(decoded);
        Ok(Self { host, port: url.port(), path: path.trim_end_matches('/').to_owned(), query })
    }

    /// The host as text.
    pub fn host_text(&self) -> String {
        match &self.host {
            HostName::Name(name) => name.clone(),
            HostName::Address(address) => address.to_string(),
        }
    }

    /// The form in which a URL indicator is stored.
    pub fn key(&self) -> String {
        let mut key = self.host_text();
        if let Some(port) = self.port {
            key += &format!(" {port}");
        }
        key += &self.path;
        if let Some(query) = &self.query {
            key += &format!("?{query}");
        }
        key
    }
}

/// Decodes the escapes of unreserved characters and writes the others in upper case.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out += before;
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (code.map(char::from), after.get(2..)) {
            (Some(c), Some(tail)) if c.is_ascii_alphanumeric() || "-._~".contains(c) => {
                out.push(c);
                rest = tail;
            }
            (Some(c), Some(tail)) => {
                out += &format!("%{:02X}", u32::from(c));
                rest = tail;
            }
            _ => {
                out.push('%');
                rest = after;
            }
        }
    }
    out + rest
}
