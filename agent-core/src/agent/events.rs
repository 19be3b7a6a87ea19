//! What the host app is told without asking.

use std::sync::PoisonError;

use serde::Serialize;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc};

use super::trouble::KeyTrouble;
use crate::model::{Detection, Level};

/// Events kept for a host that is not listening. A scan makes a handful; what overflows is dropped, because
/// the status holds everything that an event tells.
const CAPACITY: usize = 256;

/// A change that a user interface would show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum AgentEvent {
    /// The device's level changed.
    LevelChanged {
        /// The level before, `None` at the first scan.
        from: Option<Level>,
        /// The level now.
        to: Level,
    },
    /// A finding opened.
    FindingDetected {
        /// What it is.
        detection: Detection,
        /// Of what.
        subject: String,
    },
    /// A finding was resolved.
    FindingResolved {
        /// What it was.
        detection: Detection,
        /// Of what.
        subject: String,
    },
    /// The connector decided otherwise than before.
    AccessChanged {
        /// Whether the device's level is one that the organisation allows.
        compliant: bool,
    },
    /// The device key does not sign. Nothing is lost: what it should have signed waits.
    KeyTrouble {
        /// Why, and what to do about it.
        trouble: KeyTrouble,
    },
    /// The device key signs again.
    KeyUsable,
    /// The organisation's settings changed.
    SettingsChanged {
        /// Their version.
        version: u64,
    },
}

pub(super) struct Events {
    /// `None` once closed, which ends the stream.
    sender: std::sync::Mutex<Option<mpsc::Sender<AgentEvent>>>,
    receiver: Mutex<mpsc::Receiver<AgentEvent>>,
}

impl Events {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        Self { sender: std::sync::Mutex::new(Some(sender)), receiver: Mutex::new(receiver) }
    }

    pub(super) fn send(&self, event: AgentEvent) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.as_ref().is_some_and(|sender| matches!(sender.try_send(event), Err(TrySendError::Full(_))))
        {
            log::warn!("event dropped: the host app has not taken the last {CAPACITY}");
        }
    }

    /// The next event; `None` where there is none left and none will come.
    pub(super) async fn next(&self) -> Option<AgentEvent> {
        self.receiver.lock().await.recv().await
    }

    pub(super) fn close(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
