//! What the agent remembers: one SQLite file in which everything that says something is sealed.
//!
//! ```text
//! secrets    the data key, wrapped by the platform's keystore
//! slots      one sealed value a name: enrolment, settings, inventory, findings, place in the chain …
//! reports    signed reports: queued, sent (a short history), quarantined, replaced by smaller ones
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
mod eviction;
mod file;
mod findings;
mod lifecycle;
pub mod limits;
mod migrations;
mod queue;
mod rotate;
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
    sealer: Mutex<Arc<Sealer>>,
    secrets: Arc<dyn SecretStore>,
    entropy: Arc<dyn Entropy>,
}

impl Store {
    /// Opens the store in the file `path`, making it when there is none. The folder must exist.
    ///
    /// [`StoreError::KeyGone`] means that its content is lost for good: [`erase`] it and enrol again. After
    /// [`StoreError::KeyUnavailable`] nothing is lost: it opens once the platform gives its key.
    pub fn open(
        path: &Path,
        secrets: Arc<dyn SecretStore>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        let mut connection = file::open(path)?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        migrations::migrate(&tx)?;
        let sealer = Sealer::load_or_create(&tx, secrets.as_ref(), Arc::clone(&entropy))?;
        tx.commit()?;
        let sealer = Mutex::new(Arc::new(sealer));
        Ok(Self { connection: Mutex::new(connection), sealer, secrets, entropy })
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
        let sealer = self.sealer_of(&tx)?;
        work(&ReadTx { tx: &tx, sealer: &sealer })
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
        let sealer = self.sealer_of(&tx)?;
        let value = work(&WriteTx { read: ReadTx { tx: &tx, sealer: &sealer } })?;
        count_seals(&tx, &sealer)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(value)
    }

    /// The sealer for the data key that the file has now: another process may have replaced it.
    fn sealer_of(&self, tx: &Transaction<'_>) -> Result<Arc<Sealer>, StoreError> {
        let number: i64 = tx
            .prepare_cached("SELECT number FROM secrets WHERE name = 'data_key'")?
            .query_row((), |row| row.get(0))?;
        let known = Arc::clone(&self.sealer.lock().unwrap_or_else(PoisonError::into_inner));
        if known.number == number {
            return Ok(known);
        }
        let sealer = Sealer::load_or_create(tx, self.secrets.as_ref(), Arc::clone(&self.entropy))?;
        Ok(self.use_sealer(sealer))
    }

    fn use_sealer(&self, sealer: Sealer) -> Arc<Sealer> {
        let sealer = Arc::new(sealer);
        *self.sealer.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&sealer);
        sealer
    }

    /// A panic in a transaction rolls it back, so the connection behind a poisoned lock is sound.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds what was sealed to the life of the data key. What was sealed in vain counts with the next transaction.
fn count_seals(tx: &Transaction<'_>, sealer: &Sealer) -> Result<(), StoreError> {
    let seals = i64::try_from(sealer.take_seals()).unwrap_or(i64::MAX);
    if seals > 0 {
        tx.prepare_cached("UPDATE secrets SET seals = seals + ?1 WHERE name = 'data_key'")?
            .execute([seals])?;
    }
    Ok(())
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
