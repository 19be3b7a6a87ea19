//! What the agent remembers: one SQLite file in which everything that says something is sealed.
//!
//! ```text
//! secrets    the data key, wrapped by the platform's keystore
//! slots      one sealed value a name: enrolment, settings, inventory, findings, place in the chain …
//! reports    signed reports: queued, sent (a short history), quarantined
//! baselines  what each network looked like, under a keyed digest of its name
//! ```
//!
//! - A row's content is sealed (see `seal.rs`); only counters, times, sizes and random identifiers are in the
//!   clear, because the queue is ordered and bounded by them.
//! - Every change is one `IMMEDIATE` transaction, and a commit is on the disk (`synchronous=FULL`) before
//!   [`Store::write`] returns: a report that was enqueued survives a power cut.
//! - Nothing is cached outside the file, so several processes may share it. They wait for each other for
//!   [`limits::BUSY_TIMEOUT`].
//! - Not defended against: a thief who puts back an older copy of the whole file. The connector sees that, as a
//!   fork of the chain.

mod baselines;
mod cipher;
mod error;
mod file;
mod findings;
mod lifecycle;
pub mod limits;
mod migrations;
mod queue;
mod seal;
mod slots;

use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::platform::{Entropy, SecretStore};
pub use error::StoreError;
pub use file::erase;
pub use lifecycle::{Looked, advance};
pub use queue::{ReportState, StoredReport};
pub use slots::Slot;

use seal::Sealer;

/// An open store. Shared between threads; a transaction has it alone.
pub struct Store {
    connection: Mutex<Connection>,
    sealer: Sealer,
}

impl Store {
    /// Opens the store in the file `path`, making it when there is none. The folder must exist.
    ///
    /// [`StoreError::KeyGone`] means that its content is lost for good: [`erase`] it and enrol again.
    pub fn open(
        path: &Path,
        secrets: &dyn SecretStore,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        let mut connection = file::open(path)?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        migrations::migrate(&tx)?;
        let sealer = Sealer::load_or_create(&tx, secrets, entropy)?;
        tx.commit()?;
        Ok(Self { connection: Mutex::new(connection), sealer })
    }

    /// Reads in one transaction: all that `work` sees is of one moment.
    ///
    /// `work` must not call the store itself, only the transaction.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.lock();
        let tx = connection.transaction().map_err(StoreError::from)?;
        work(&ReadTx { tx: &tx, sealer: &self.sealer })
    }

    /// Changes in one transaction: all that `work` does is kept, or none of it when it fails.
    ///
    /// `work` must not call the store itself, only the transaction.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.lock();
        let tx =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let value = work(&WriteTx { read: ReadTx { tx: &tx, sealer: &self.sealer } })?;
        tx.commit().map_err(StoreError::from)?;
        Ok(value)
    }

    /// A panic in a transaction rolls it back, so the connection behind a poisoned lock is sound.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading transaction.
pub struct ReadTx<'a> {
    tx: &'a Transaction<'a>,
    sealer: &'a Sealer,
}

/// A writing transaction: reads too, and sees its own changes.
pub struct WriteTx<'a> {
    read: ReadTx<'a>,
}

impl<'a> Deref for WriteTx<'a> {
    type Target = ReadTx<'a>;

    fn deref(&self) -> &Self::Target {
        &self.read
    }
}

#[cfg(test)]
mod tests;
