//! What `mtd demo --keep` leaves: everything that another verifier needs.
//!
//! ```text
//! reports.jws          one compact JWS a line, as delivered, oldest first
//! receipts.jws         the connector's receipt for each of them
//! device.jwk.json      the key that the reports are under
//! connector.jwk.json   the key that the receipts are under
//! ```

use std::path::Path;

use agent_core::report::jwk::Jwk;

use crate::CliError;

pub(super) struct Kept<'a> {
    pub(super) reports: &'a [String],
    pub(super) receipts: &'a [String],
    pub(super) device: &'a Jwk,
    pub(super) connector: &'a Jwk,
}

impl Kept<'_> {
    pub(super) fn write_to(&self, folder: &Path) -> Result<(), CliError> {
        let lines = |tokens: &[String]| tokens.iter().map(|token| format!("{token}\n")).collect::<String>();
        let files = [
            ("reports.jws", lines(self.reports)),
            ("receipts.jws", lines(self.receipts)),
            ("device.jwk.json", serde_json::to_string_pretty(self.device)?),
            ("connector.jwk.json", serde_json::to_string_pretty(self.connector)?),
        ];
        std::fs::create_dir_all(folder)?;
        for (name, content) in files {
            let path = folder.join(name);
            std::fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }
}
