//! Readers: one file for each form in which a platform exports its apps, and what they share.
//!
//! Every reader takes bytes and gives an [`Inventory`] with notes, or a [`ReadError`] when the whole is not
//! what it was said to be. A field of a wrong type is left out and noted; so is a list element that is no app.

mod android_management;
mod apple_managed;
mod apple_mdm;
mod dpkg;
mod dumpsys;
mod listed;
mod microsoft_graph;
mod pm_list;

mod detect;
mod draft;
mod error;
mod grants;
mod json;
mod plist_events;
mod text;
mod value;

use crate::bounded_plist;
use crate::inventory::limits;
use crate::model::Inventory;
use crate::model::words::words;

pub use apple_managed::{ManagedApps, read_managed};
pub use detect::detect;
pub use error::ReadError;
pub use listed::{ListedApp, listed};

words! {
    /// A form in which a platform exports its apps.
    pub enum Format {
        /// Apple MDM `InstalledApplicationList` response, XML or binary plist.
        AppleMdm = "apple_mdm",
        /// The text of `dumpsys package`.
        AndroidDumpsys = "android_dumpsys",
        /// The text of `pm list packages -f -i -U`.
        AndroidPmList = "android_pm_list",
        /// Android Management API: a `Device` with `applicationReports`, or these reports alone.
        AndroidManagement = "android_management",
        /// Microsoft Graph `detectedApp` collection.
        MicrosoftGraph = "microsoft_graph",
        /// Debian's `/var/lib/dpkg/status`.
        Dpkg = "dpkg",
    }
}

/// Reads the apps that `input` lists in `format`.
///
/// Fails when the input is too large, is not in that format at all, or lists too many apps.
pub fn read(format: Format, input: &[u8]) -> Result<Inventory, ReadError> {
    error::check_size(input, most_bytes(format, input))?;
    match format {
        Format::AppleMdm => apple_mdm::read(input),
        Format::AndroidDumpsys => dumpsys::read(input),
        Format::AndroidPmList => pm_list::read(input),
        Format::AndroidManagement => android_management::read(input),
        Format::MicrosoftGraph => microsoft_graph::read(input),
        Format::Dpkg => dpkg::read(input),
    }
}

fn most_bytes(format: Format, input: &[u8]) -> usize {
    match format {
        Format::AppleMdm if bounded_plist::is_binary(input) => limits::MAX_BINARY_PLIST_BYTES,
        Format::AppleMdm | Format::AndroidManagement | Format::MicrosoftGraph => limits::MAX_DOCUMENT_BYTES,
        Format::AndroidDumpsys | Format::AndroidPmList | Format::Dpkg => limits::MAX_TEXT_BYTES,
    }
}
