//! What can be wrong with a bundle.

/// Why a bundle cannot be used. Holds no path: the caller knows which file it named.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file system's own words.
    #[error("cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// Something else, or its first bytes are damaged.
    #[error("not an intelligence bundle: it does not begin with MTDINTEL")]
    NotABundle,
    /// Made by a later compiler.
    #[error(
        "its format is {found}, this agent reads format {known}: update the agent, or build the bundle with its `mtd`"
    )]
    OtherFormat {
        /// What the file says.
        found: u32,
        /// What is read.
        known: u32,
    },
    /// Cut short, or with something appended.
    #[error("it should be {expected} bytes long and has {found}: truncated or damaged, download it again")]
    Length {
        /// By its header.
        expected: u64,
        /// On disk.
        found: u64,
    },
    /// By another key, or changed since.
    #[error(
        "its signature does not verify under the expected key: it comes from someone else or was changed"
    )]
    Signature,
    /// A part that does not have the digest that was signed.
    #[error("{0} is damaged: its SHA-256 is not the signed one; download the bundle again")]
    Damaged(String),
    /// Signed, and yet not what the format says.
    #[error("{0}: the compiler that signed this bundle is at fault")]
    Malformed(String),
    /// Roll-back.
    #[error("its version {found} is older than version {have}, which is in force: a roll-back is refused")]
    Older {
        /// The file's.
        found: u64,
        /// In force.
        have: u64,
    },
    /// Two bundles of one version.
    #[error("another bundle of the same version {0} is in force: a version is given once")]
    SameVersion(u64),
    /// More than the format holds.
    #[error("the bundle would not fit its format: {0}")]
    TooLarge(&'static str),
}
