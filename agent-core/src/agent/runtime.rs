//! The agent's own runtime: one worker thread, asleep unless a call is under way.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, oneshot};
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
    /// `None` once shut down.
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
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
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Mutex::new(Some(runtime)), handle, cancelled: Arc::default() })
    }

    /// Runs `work` to its end. Dropping the returned future stops it at its next await.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, AgentError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AgentError>> + Send + 'static,
    {
        // Listens from now on, not from when the worker gets to it.
        let cancelled = self.cancelled.clone().notified_owned();
        // A runtime that was shut down cancels the task at once.
        let task = self.handle.spawn(async move {
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

    /// Ends every call under way, now and from now on, with [`AgentError::Closed`]. Never blocks, so that an agent may
    /// be closed or dropped on any thread, inside another runtime too.
    pub(super) fn shut_down(&self) {
        let running = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = running {
            runtime.shutdown_background();
        }
    }
}

impl Drop for AgentRuntime {
    fn drop(&mut self) {
        self.shut_down();
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

/// Opens what `work` opens on a thread of its own, before there is an agent whose runtime could wait for it, and waits for
/// `limit`. What is opened later is closed again.
pub(super) async fn opened_within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, AgentError> + Send + 'static,
) -> Result<T, AgentError> {
    let (runtime, deadline) = (AgentRuntime::new()?, deadline(limit));
    let opened = async move {
        let late = |_| Err(AgentError::Deadline(limit.as_secs()));
        timeout_at(deadline, on_own_thread(work)).await.unwrap_or_else(late)?
    };
    runtime.run(opened).await
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

/// Does work that calls the host's key and holds the store, on a thread that ends with it: neither the agent's
/// worker nor the threads that a hung host may have taken are needed for it.
pub(super) async fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AgentError> {
    let (done, result) = oneshot::channel();
    // A caller that waits no longer has dropped the receiver; the work is stored all the same.
    let run = move || drop(done.send(work()));
    std::thread::Builder::new()
        .name("mtd-agent-store".to_owned())
        .spawn(run)
        .map_err(|error| AgentError::Runtime(error.to_string()))?;
    result.await.map_err(|_| AgentError::Runtime("the host failed while a report was signed".to_owned()))
}
