//! The intelligence bundle that the devices of an organisation fetch.
//!
//! ```text
//! intel-TENANT-VERSION.mtdi   as it was signed; verified whole before devices get it
//! ```

use std::fs::{self, File, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use agent_core::connector::wire::file_etag;
use agent_core::intel::bundle::{self, Bundle};
use agent_core::model::{BundleKey, Sha256};
use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::Connector;
use super::database::Number;
use super::error::{Denied, Error};
use super::limits::MAX_BUNDLE;
use super::own::OwnRequest;

/// A bundle that devices fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServedBundle {
    /// Its version.
    pub version: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its size, in bytes.
    pub size: u64,
    #[serde(skip)]
    file: String,
}

/// A bundle as it goes out.
pub(super) struct BundleFile {
    pub path: PathBuf,
    pub size: u64,
    pub etag: String,
}

impl Connector {
    /// Has the devices of the organisation fetch the bundle in `candidate` from now on. It must be signed by `key`, which
    /// the settings then name, or by the one that they name; an older one is refused.
    pub fn set_intel(&self, candidate: &Path, key: Option<BundleKey>) -> Result<ServedBundle, Error> {
        let known = self.settings()?.device.intel_key;
        let key = key.or(known).ok_or_else(|| {
            Error::Config("whose bundles devices take is not set: name the key with --key".to_owned())
        })?;
        let refused =
            |error: &dyn ToString| Error::Config(format!("{}: {}", candidate.display(), error.to_string()));
        let offered = Bundle::open(candidate, &key).map_err(|error| refused(&error))?;
        if offered.size() > MAX_BUNDLE {
            return Err(refused(&format!("devices take bundles of {MAX_BUNDLE} bytes at most")));
        }
        let before = self.intel()?;
        let at_least = before.as_ref().map_or(0, |before| before.version);
        let file = format!("intel-{}-{}.mtdi", self.tenant(), offered.version());
        let path = self.0.config.data_dir.join(&file);
        let bundle = bundle::install(candidate, &path, &key, at_least).map_err(|error| refused(&error))?;
        let failed = |error: std::io::Error| Error::Config(format!("{}: {error}", path.display()));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
        let sha256 = digest(&path).map_err(failed)?.to_string();
        let served = ServedBundle { version: bundle.version(), sha256, size: bundle.size(), file };
        self.0.database.write(|transaction| {
            let sql = "INSERT INTO intel (tenant, version, sha256, size, file) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT DO UPDATE SET version = excluded.version, sha256 = excluded.sha256,
                    size = excluded.size, file = excluded.file";
            let row = params![
                self.tenant(),
                Number(served.version),
                served.sha256,
                Number(served.size),
                served.file
            ];
            transaction.execute(sql, row)?;
            Ok::<_, Error>(())
        })?;
        if known != Some(key) {
            self.update_settings(|settings| settings.device.intel_key = Some(key))?;
        }
        // Who is being served from it keeps it open.
        if let Some(before) = before.filter(|before| before.file != served.file) {
            _ = fs::remove_file(self.0.config.data_dir.join(before.file));
        }
        Ok(served)
    }

    /// The bundle that devices fetch; `None` where there is none.
    pub fn intel(&self) -> Result<Option<ServedBundle>, Error> {
        load(&self.0.database.read(), self.tenant())
    }

    /// The bundle for a device.
    pub(super) fn own_intel(&self, request: &OwnRequest) -> Result<BundleFile, Denied> {
        self.authenticate(request, "intel")?;
        let served = load(&self.0.database.read(), &request.tenant)?;
        let served =
            served.ok_or_else(|| Denied::not_found("the organisation has no intelligence bundle"))?;
        let etag = file_etag(served.version, &served.sha256);
        Ok(BundleFile { path: self.0.config.data_dir.join(&served.file), size: served.size, etag })
    }
}

fn load(connection: &Connection, tenant: &str) -> Result<Option<ServedBundle>, Error> {
    let sql = "SELECT version, sha256, size, file FROM intel WHERE tenant = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        let number = |column| row.get::<_, Number>(column).map(|Number(value)| value);
        Ok(ServedBundle { version: number(0)?, sha256: row.get(1)?, size: number(2)?, file: row.get(3)? })
    };
    Ok(connection.query_row(sql, [tenant], row).optional()?)
}

fn digest(path: &Path) -> std::io::Result<Sha256> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => context.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    Ok(Sha256::from_bytes(bytes))
}
