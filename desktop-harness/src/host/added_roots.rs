//! Root certificates that the administrator of this machine added to those of the distribution.

use agent_core::model::{AddedRoot, Fact};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::files::{Files, unreadable};
use super::trust::{ADDED, SHIPPED};

/// Deepest folder below such a directory: update-ca-certificates(8) takes certificates from sub-folders too.
const MAX_DEPTH: usize = 3;

/// Most certificates that are told. An administrator adds one or two.
const MAX_ROOTS: usize = 1000;

/// The certificates in the directories for them. What is none is passed over, as the system's own tools do.
pub fn added_roots(files: &Files) -> Fact<Vec<AddedRoot>> {
    if SHIPPED.iter().chain(ADDED).all(|directory| !files.locate(directory).is_dir()) {
        return Fact::not_available("this machine keeps no certificates where distributions keep them");
    }
    let mut roots = Vec::new();
    for directory in ADDED {
        if let Err((path, error)) = collect(files, directory, MAX_DEPTH, &mut roots) {
            return unreadable(&path, &error);
        }
    }
    roots.sort();
    roots.dedup();
    roots.truncate(MAX_ROOTS);
    Fact::known(roots)
}

fn collect(
    files: &Files,
    directory: &str,
    depth: usize,
    roots: &mut Vec<AddedRoot>,
) -> Result<(), (String, std::io::Error)> {
    let names = match files.names(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        names => names.map_err(|error| (directory.to_owned(), error))?,
    };
    for name in names {
        let path = format!("{directory}/{name}");
        if files.locate(&path).is_dir() {
            if depth > 0 {
                collect(files, &path, depth - 1, roots)?;
            }
            continue;
        }
        match files.text(&path) {
            Ok(text) => roots.extend(certificates(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Err((path, error)),
            // A pipe, a file that went away, a file too large for a certificate.
            Err(_) => {}
        }
    }
    Ok(())
}

fn certificates(text: &str) -> Vec<AddedRoot> {
    let read = CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok);
    read.take(MAX_ROOTS).filter_map(|der| AddedRoot::from_der(&der).ok()).collect()
}
