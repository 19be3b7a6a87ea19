//! A signed report on its way from the signer to the queue.

use super::bytes::Sha256;
use super::words::words;

words! {
    /// What a report tells. Decides which one goes first when the queue is full.
    pub enum ReportKind {
        /// The level changed.
        RiskLevelChange = "risk_level_change",
        /// Everything that a scan saw, or one part of it.
        DeviceReport = "device_report",
    }
}

words! {
    /// What a report is worth to the organisation, least first: the order in which a full queue gives reports up.
    pub enum ReportWorth {
        /// Facts and inventory: the next scan tells them again.
        Inventory = "inventory",
        /// Holds an open finding.
        Findings = "findings",
        /// A change of the level, which no later report repeats.
        Level = "level",
    }
}

/// A place in the hash chain of reports: allocated by the queue, written into the report by the signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainPosition {
    /// The enrolment that the chain belongs to.
    pub epoch: String,
    /// Counts from 1 in each epoch.
    pub seq: u64,
    /// SHA-256 of the compact JWS before this one; `None` for the first of an epoch.
    pub prev: Option<Sha256>,
}

/// A report that is signed and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReport {
    /// What it tells.
    pub kind: ReportKind,
    /// What it is worth.
    pub worth: ReportWorth,
    /// Its identifier, unique for the issuer.
    pub jti: String,
    /// Its number in the chain.
    pub seq: u64,
    /// The compact JWS: these bytes are sent, and sent again.
    pub token: String,
}
