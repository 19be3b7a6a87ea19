//! What went wrong on the way to the connector in a manner that says something about the way.
//!
//! Only noted here; what follows from it is judged elsewhere.

use crate::model::words::words;

words! {
    /// What was met in the connector's place.
    pub enum TroubleKind {
        /// A certificate that a public authority vouches for, and no pinned key.
        Unpinned = "unpinned_certificate",
        /// A certificate for which nobody vouches who counts.
        Untrusted = "untrusted_certificate",
        /// A certificate under a root by which the organisation declared that it inspects TLS.
        Inspected = "inspection_certificate",
        /// Something that does not speak TLS.
        NotTls = "not_tls",
        /// A 202 that nobody signed for.
        NoReceipt = "no_receipt",
        /// A 202 with a receipt that the connector did not sign for this report.
        ForgedReceipt = "forged_receipt",
        /// Settings, a policy, a decision or a refusal that the connector did not sign for this device.
        Forged = "forged_content",
        /// Something signed by a key that no settings announced.
        UnknownKey = "unknown_key",
        /// Something signed that came damaged: cut off, or no token at all.
        Damaged = "damaged_content",
    }
}

/// One such meeting. Holds no token and no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What was met.
    pub kind: TroubleKind,
    /// Where: host and port.
    pub host: String,
    /// What a second person can check: pins that were seen, which rule a signature broke.
    pub detail: String,
}
