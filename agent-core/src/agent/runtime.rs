//! The agent's own runtime: one worker thread, asleep unless a call is under way.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::error::AgentError;

/// Threads for host calls that block. A host that hangs holds one; scans go on with the others.
const MAX_BLOCKING_THREADS: usize = 8;

/// A blocking thread without work ends after this long, so that an idle agent has none.
const BLOCKING_THREAD_IDLE: Duration = Duration::from_secs(1);

/// Longest time that a call can be given: a day is without limit, and cannot overflow a clock.
const LONGEST_CALL: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs the agent's futures, whatever executor the caller has, and stops them on [`Self::cancel`].
pub(super) struct AgentRuntime {
    runtime: Option<Runtime>,
    cancelled: Arc<Notify>,
}

impl AgentRuntime {
    pub(super) fn new() -> Result<Self, AgentError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(MAX_BLOCKING_THREADS)
            .thread_keep_alive(BLOCKING_THREAD_IDLE)
            .thread_name("mtd-agent")
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| AgentError::Runtime(error.to_string()))?;
        Ok(Self { runtime: Some(runtime), cancelled: Arc::default() })
    }

    /// Runs `work` to its end. Dropping the returned future stops it at its next await.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, AgentError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AgentError>> + Send + 'static,
    {
        let runtime = self.runtime.as_ref().ok_or(AgentError::Closed)?;
        // Listens from now on, not from when the worker gets to it.
        let cancelled = self.cancelled.clone().notified_owned();
        let task = runtime.spawn(async move {
            tokio::select! {
                biased;
                () = cancelled => Err(AgentError::Cancelled),
                result = work => result,
            }
        });
        let mut task = AbortOnDrop(task);
        match (&mut task.0).await {
            Ok(result) => result,
            Err(error) if error.is_cancelled() => Err(AgentError::Closed),
            Err(_) => Err(AgentError::Runtime("the agent's own task failed; please report this".to_owned())),
        }
    }

    /// Ends every call under way with [`AgentError::Cancelled`].
    pub(super) fn cancel(&self) {
        self.cancelled.notify_waiters();
    }
}

impl Drop for AgentRuntime {
    /// Never blocks, so that an agent may be dropped on any thread, inside another runtime too.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The end of a call that may take `limit`.
pub(super) fn deadline(limit: Duration) -> Instant {
    Instant::now() + limit.min(LONGEST_CALL)
}

/// Asks the host on a thread that may block, and stops waiting at `deadline`. The error says why there is no
/// answer. A question that got no thread until then is not asked any more.
pub(super) async fn ask_host<T: Send + 'static>(
    deadline: Instant,
    question: impl FnOnce() -> T + Send + 'static,
) -> Result<T, &'static str> {
    let mut answer = AbortOnDrop(tokio::task::spawn_blocking(question));
    match timeout_at(deadline, &mut answer.0).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err("the host app failed while answering"),
        Err(_) => Err("the host app did not answer in time"),
    }
}
