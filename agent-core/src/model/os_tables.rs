//! Versions of operating systems: how long they are supported, which is the latest, which have known holes that are
//! being exploited. Data, compiled into the intelligence bundle, so that it is renewed without a release of the app.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::time::Date;
use super::words::words;

words! {
    /// An operating system, as the tables tell them apart.
    pub enum OsFamily {
        /// Android.
        Android = "android",
        /// Apple iOS, and what is no iPad.
        Ios = "ios",
        /// Apple iPadOS.
        Ipados = "ipados",
        /// Debian.
        Debian = "debian",
    }
}

/// A version: numbers with dots between them, compared number by number. `18.7` and `18.7.0` are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OsVersion(Vec<u32>);

/// Most numbers of a version, and most digits of each.
const MAX_PARTS: usize = 8;

impl OsVersion {
    /// The numbers, without zeros at the end.
    pub fn parts(&self) -> &[u32] {
        &self.0
    }

    /// Whether this version is `cycle` or one of its later ones: `18.7.1` is of `18`, `12.1` is not of `12.0`.
    pub fn is_of(&self, cycle: &Self) -> bool {
        self.0.starts_with(&cycle.0)
    }
}

impl fmt::Display for OsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            write!(f, "{part}")?;
        }
        if self.0.is_empty() { f.write_str("0") } else { Ok(()) }
    }
}

impl FromStr for OsVersion {
    type Err = &'static str;

    /// Reads `18.7.1`. What follows the numbers after a space is left out: `16.7.2 (a)`, a rapid security response.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = "a version is numbers with dots between them: 18.7.1";
        let numbers = text.split_whitespace().next().unwrap_or_default();
        let mut parts: Vec<u32> =
            numbers.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| error)?;
        if parts.len() > MAX_PARTS {
            return Err(error);
        }
        while parts.last() == Some(&0) {
            parts.pop();
        }
        Ok(Self(parts))
    }
}

impl Serialize for OsVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OsVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What is known of the versions of operating systems.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsTables {
    /// The release cycles of each system.
    pub releases: BTreeMap<OsFamily, Vec<OsRelease>>,
    /// Vulnerabilities that are being exploited.
    pub exploited: Vec<ExploitedVulnerability>,
    /// The day of the catalogue that they are from (CISA KEV `dateReleased`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<Date>,
}

impl OsTables {
    /// Whether there is nothing in them.
    pub fn is_empty(&self) -> bool {
        self.releases.is_empty() && self.exploited.is_empty()
    }
}

/// One release cycle (endoflife.date: `releases`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsRelease {
    /// `18`, `12.1`.
    pub cycle: OsVersion,
    /// `releaseDate`.
    pub released: Date,
    /// `eol`.
    pub end_of_life: EndOfLife,
    /// `latest`: the newest version of the cycle, where the system has such (Android has patch dates instead).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<OsVersion>,
    /// `latestReleaseDate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_released: Option<Date>,
}

/// Whether a cycle still gets security updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndOfLife {
    /// No end is known.
    Supported,
    /// It has ended, nobody says when.
    Ended,
    /// It ends, or has ended, on this day.
    On(Date),
}

/// A vulnerability of CISA's catalogue of those that are known to be exploited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExploitedVulnerability {
    /// `cveID`.
    pub cve: String,
    /// The system that has it.
    pub os: OsFamily,
    /// `dateAdded`.
    pub added: Date,
    /// What closes it; empty where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Fix>,
}

/// What closes a vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// This version and later ones of its cycle (Apple), and later cycles.
    Version(OsVersion),
    /// A security patch of this day or later (Android Security Bulletin).
    Patch(Date),
}
