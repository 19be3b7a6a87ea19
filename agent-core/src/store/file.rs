//! The file: who may read it, how SQLite treats it, whether it is ours.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::StoreError;
use super::limits::{BUSY_TIMEOUT, MAX_WAL_BYTES, WAL_RETRY};
use super::migrations::LATEST;
use crate::files;

/// `application_id` of the file: "mtda" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x6d74_6461;

/// Opens or makes the file and sets it up. Touches its content only by making it a WAL database.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    refuse_read_only(path)?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let has_content = fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    let connection = Connection::open_with_flags(path, flags)?;
    // SQLite falls back to reading when it may not write.
    if connection.is_readonly("main")? {
        return Err(StoreError::ReadOnly);
    }
    // Before the first byte is written; the write-ahead log inherits it.
    keep_to_owner(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    refuse_foreign(&connection, has_content)?;
    configure(&connection)?;
    Ok(connection)
}

/// Cuts the write-ahead log to nothing, if no other process is reading it.
pub(super) fn empty_log(connection: &Connection) {
    // Whatever keeps it from being cut now, it is overwritten from its start as soon as that is over.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
}

/// Removes the store in the file `path`. Its content cannot be read again by anyone, since the wrapped key goes
/// with it. No store may have it open. A file that is not there is no error.
pub fn erase(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        files::remove(Path::new(&name))?;
    }
    Ok(())
}

/// Respects the mark even where the user could override it, as root can: somebody set it for a reason.
fn refuse_read_only(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let read_only =
        |place: &Path| fs::metadata(place).is_ok_and(|metadata| metadata.permissions().readonly());
    if read_only(folder) || read_only(path) {
        return Err(StoreError::ReadOnly);
    }
    Ok(())
}

#[cfg(unix)]
fn keep_to_owner(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;

    // By path: closing a descriptor of our own would drop the locks that SQLite holds in this process.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}

#[cfg(not(unix))]
fn keep_to_owner(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

fn refuse_foreign(connection: &Connection, has_content: bool) -> Result<(), StoreError> {
    // In one statement, hence of one moment: another process may be making the store right now.
    let (pages, application, found, tables): (i64, i64, i64, i64) = connection.query_row(
        "SELECT (SELECT page_count FROM pragma_page_count), (SELECT application_id FROM pragma_application_id),
                (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)",
        (),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    // SQLite takes the rest of a file that was cut off within its first page for a new one.
    if has_content && pages == 0 {
        return Err(StoreError::Damaged);
    }
    if application != APPLICATION_ID && (application, found, tables) != (0, 0, 0) {
        return Err(StoreError::Foreign);
    }
    if found > LATEST {
        return Err(StoreError::Newer { found, known: LATEST });
    }
    Ok(())
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    use_wal(connection)?;
    // A commit that was told to the caller survives a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Apple's fsync alone does not reach the medium. Without effect elsewhere.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What was deleted is overwritten, what is sorted stays in memory.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "journal_size_limit", MAX_WAL_BYTES)?;
    // The file may have been prepared by somebody else.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

/// Makes it a WAL database: readers do not wait for the writer, and a commit is one append.
///
/// SQLite does not wait for other processes here, as it does everywhere else, but fails at once.
fn use_wal(connection: &Connection) -> Result<(), StoreError> {
    let mut tries = BUSY_TIMEOUT.as_millis() / WAL_RETRY.as_millis();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && tries > 0 => {
                tries -= 1;
                std::thread::sleep(WAL_RETRY);
            }
            result => return Ok(result?),
        }
    }
}
