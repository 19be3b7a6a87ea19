//! Pages of the file: read where they are needed, and verified each time they come from the disk.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::BundleError;
use super::layout::{PAGE, sha256};

/// Pages that are kept: 1 MiB. A scan of 1,000 apps touches a few hundred, a URL that the filter lets pass one or two.
const KEPT: usize = 256;

/// The pages of one file.
#[derive(Debug)]
pub(super) struct Pages {
    digests: Vec<[u8; 32]>,
    offset: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    kept: HashMap<u64, Arc<[u8]>>,
    /// In the order in which they came.
    order: VecDeque<u64>,
}

impl Pages {
    /// Pages that begin at `offset` of `file` and must have these digests.
    pub(super) fn new(file: File, offset: u64, digests: Vec<[u8; 32]>) -> Self {
        let state = State { file, kept: HashMap::new(), order: VecDeque::new() };
        Self { digests, offset, state: Mutex::new(state) }
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> u64 {
        self.digests.len() as u64 * PAGE as u64
    }

    /// `len` bytes from `offset` on.
    pub(super) fn read(&self, offset: u64, len: u64) -> Result<Vec<u8>, BundleError> {
        let outside =
            || BundleError::Malformed(format!("bytes {offset} and {len} on are outside of its pages"));
        let end = offset.checked_add(len).filter(|end| *end <= self.len()).ok_or_else(outside)?;
        let mut out = Vec::with_capacity(usize::try_from(len).map_err(|_| outside())?);
        let mut at = offset;
        while at < end {
            let page = self.page(at / PAGE as u64)?;
            let from = usize::try_from(at % PAGE as u64).map_err(|_| outside())?;
            let until = usize::try_from(end - at).map_err(|_| outside())?.saturating_add(from).min(PAGE);
            let part = page.get(from..until).ok_or_else(outside)?;
            out.extend_from_slice(part);
            at += part.len() as u64;
        }
        Ok(out)
    }

    /// Reads every page once, keeping none.
    pub(super) fn verify(&self) -> Result<(), BundleError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (0..self.digests.len() as u64).try_for_each(|number| self.load(&mut state.file, number).map(drop))
    }

    fn page(&self, number: u64) -> Result<Arc<[u8]>, BundleError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = state.kept.get(&number) {
            return Ok(page.clone());
        }
        let page: Arc<[u8]> = self.load(&mut state.file, number)?.into();
        if state.order.len() >= KEPT
            && let Some(oldest) = state.order.pop_front()
        {
            state.kept.remove(&oldest);
        }
        state.order.push_back(number);
        state.kept.insert(number, page.clone());
        Ok(page)
    }

    fn load(&self, file: &mut File, number: u64) -> Result<Vec<u8>, BundleError> {
        let damaged = || {
            let from = self.offset + number * PAGE as u64;
            BundleError::Damaged(format!(
                "page {number} of {} (bytes {from} to {})",
                self.digests.len(),
                from + PAGE as u64 - 1
            ))
        };
        let expected =
            usize::try_from(number).ok().and_then(|at| self.digests.get(at)).ok_or_else(damaged)?;
        let mut page = vec![0; PAGE];
        file.seek(SeekFrom::Start(self.offset + number * PAGE as u64))?;
        file.read_exact(&mut page)?;
        if sha256(&page) == *expected { Ok(page) } else { Err(damaged()) }
    }
}
