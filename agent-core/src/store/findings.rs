//! The findings: open, ignored, and a bounded history of resolved ones.
//!
//! One sealed value, because every scan reads and rewrites all of them (see [`super::advance`]).

use super::error::StoreError;
use super::{ReadTx, WriteTx};
use crate::model::Finding;

const NAME: &str = "findings";

impl ReadTx<'_> {
    /// The findings, as [`super::advance`] orders them.
    pub fn findings(&self) -> Result<Vec<Finding>, StoreError> {
        Ok(self.get_named(NAME)?.unwrap_or_default())
    }
}

impl WriteTx<'_> {
    /// Replaces the findings.
    pub fn put_findings(&self, findings: &[Finding]) -> Result<(), StoreError> {
        self.put_named(NAME, &findings)
    }
}
