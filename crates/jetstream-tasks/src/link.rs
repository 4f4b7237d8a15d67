//! The connection, and the thread that drives it.
//!
//! The callers' threads block; one thread of this library's own reads and writes
//! the socket, renews leases and moves what becomes due. A thread means: fork
//! first.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_nats::{ConnectOptions, Event, ServerAddr};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::api::Api;
use crate::{Error, Settings};

/// How long the last words to the server may take when a queue is dropped.
const FAREWELL: Duration = Duration::from_secs(1);

/// A runtime's thread. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) api: Api,
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Link {
    pub(crate) fn connect(server: &str, settings: &Settings) -> Result<Arc<Self>, Error> {
        outside_of_a_runtime()?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::Thread)?;
        let (tell, connected) = watch::channel(0);
        let client = runtime.block_on(connect(server, settings.timeout, tell))?;
        let api = Api {
            client,
            connected,
            timeout: settings.timeout,
        };
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let client = api.client.clone();
        let thread = thread::Builder::new()
            .name("jetstream-tasks".to_string())
            .spawn(move || {
                runtime.block_on(async {
                    // An error says that the link was dropped: all the same.
                    let _ = stopped.await;
                    // Tasks given back by their drop are in line already.
                    tokio::task::yield_now().await;
                    let _ = timeout(FAREWELL, client.flush()).await;
                });
                end(runtime);
            })
            .map_err(Error::Thread)?;
        Ok(Arc::new(Link {
            api,
            handle,
            stop: Some(stop),
            thread: Some(thread),
        }))
    }

    /// Runs `future` on the calling thread, to its end.
    pub(crate) fn block_on<T>(
        &self,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        outside_of_a_runtime()?;
        self.handle.block_on(future)
    }

    /// Runs `future` on the link's thread, for as long as the link is there.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(future);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It does not panic, and there would be nobody to tell.
            let _ = thread.join();
        }
    }
}

/// Without waiting for a name to be resolved, which cannot be interrupted.
fn end(runtime: Runtime) {
    runtime.shutdown_background();
}

/// Blocking a thread that drives other people's futures would stop them all,
/// and tokio panics.
fn outside_of_a_runtime() -> Result<(), Error> {
    match Handle::try_current() {
        Ok(_) => Err(Error::InRuntime),
        Err(_) => Ok(()),
    }
}

async fn connect(
    server: &str,
    patience: Duration,
    tell: watch::Sender<u64>,
) -> Result<async_nats::Client, Error> {
    let failed = |reason: String| Error::Connect {
        server: without_password(server),
        reason,
    };
    let addresses: Vec<ServerAddr> = server
        .split(',')
        .map(|address| address.trim().parse())
        .collect::<Result<_, _>>()
        .map_err(|error: std::io::Error| failed(error.to_string()))?;
    if !cfg!(feature = "tls") && addresses.iter().any(ServerAddr::tls_required) {
        return Err(failed("tls:// needs the feature `tls`".to_string()));
    }
    let until = Instant::now() + patience.min(Duration::from_secs(5));
    let options = ConnectOptions::new()
        .name("jetstream-tasks")
        // A network that is cut is noticed after three of these.
        .ping_interval(Duration::from_secs(5))
        .connection_timeout(Duration::from_secs(3))
        .reconnect_delay_callback(|attempts| {
            let doubled = 10 << attempts.min(8);
            Duration::from_millis(doubled.min(1000))
        })
        .event_callback(move |event| {
            if event == Event::Connected {
                tell.send_modify(|count| *count += 1);
            }
            async {}
        });
    match timeout_at(until, options.connect(addresses)).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(failed(chain(&error))),
        Err(_) => Err(failed("no answer".to_string())),
    }
}

/// An error and its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// `nats://user:password@host` is written to logs as `nats://host`.
fn without_password(server: &str) -> String {
    let one = |address: &str| match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_string(),
        (_, None) => address.to_string(),
    };
    server.split(',').map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        for (given, shown) in [
            ("nats://me:secret@a:4222", "nats://a:4222"),
            ("me:secret@a", "a"),
            ("nats://a:1,nats://me:s@b:2", "nats://a:1,nats://b:2"),
        ] {
            assert_eq!(without_password(given), shown);
        }
    }
}
