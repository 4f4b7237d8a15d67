//! Requests to the server, repeated until it answers.
//!
//! JetStream is spoken as it is documented (subjects under `$JS.API`, bodies in
//! JSON: <https://docs.nats.io/reference/reference-protocols/nats_api_reference>),
//! over the client's plain requests: each request here may be sent twice without
//! harm, which is what lets a call outlive a restart of the server.

use std::pin::pin;
use std::time::Duration;

use async_nats::{Client, HeaderMap, Message, Request, RequestErrorKind};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::Error;

/// How long to wait for one answer before asking again.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an answer may take that is under way over a new connection.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// The server's numbers for what has a meaning here.
pub(crate) const STREAM_NOT_FOUND: u32 = 10059;
pub(crate) const NAME_IN_USE: u32 = 10058;
pub(crate) const SUBJECTS_OVERLAP: u32 = 10065;
/// Another message has been recorded under this subject.
pub(crate) const WRONG_LAST_SEQUENCE: u32 = 10071;
const STORE_FAILED: u32 = 10077;
const NO_STORAGE: u32 = 10047;
const NO_RESOURCES: u32 = 10023;
const MESSAGE_TOO_LARGE: u32 = 10054;

#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) client: Client,
    /// Changes with each new connection.
    pub(crate) connected: watch::Receiver<u64>,
    pub(crate) timeout: Duration,
}

#[derive(Deserialize)]
struct Refusal {
    code: u16,
    #[serde(default)]
    err_code: u32,
    #[serde(default)]
    description: String,
}

/// The server's receipt for a message that a stream has.
#[derive(Deserialize)]
struct Reply {
    error: Option<Refusal>,
    #[serde(default)]
    duplicate: bool,
}

impl Api {
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// Sends until there is an answer.
    pub(crate) async fn request(
        &self,
        subject: &str,
        headers: Option<&HeaderMap>,
        body: &Bytes,
        until: Instant,
    ) -> Result<Message, Error> {
        let begin = Instant::now();
        let mut pause = Duration::from_millis(20);
        let mut connected = self.connected.clone();
        connected.mark_unchanged();
        loop {
            let mut request = Request::new().payload(body.clone()).timeout(Some(
                PATIENCE.min(until.saturating_duration_since(Instant::now())),
            ));
            if let Some(headers) = headers {
                request = request.headers(headers.clone());
            }
            let answer = tokio::select! {
                answer = self.client.send_request(subject.to_string(), request) => Some(answer),
                // An answer that was under way is lost with its connection.
                Ok(()) = connected.changed() => None,
            };
            match answer {
                Some(Ok(message)) => return Ok(message),
                Some(Err(error)) => match error.kind() {
                    RequestErrorKind::MaxPayloadExceeded => {
                        return Err(Error::TooLarge(format!("{} bytes", body.len())));
                    }
                    RequestErrorKind::InvalidSubject => {
                        return Err(Error::Setting(format!("{subject}: {error}")));
                    }
                    // The server, or the part of it that would answer, is not
                    // there yet or not there any more.
                    _ => {}
                },
                None => continue,
            }
            if Instant::now() >= until {
                return Err(Error::NoAnswer(begin.elapsed()));
            }
            sleep_until(until.min(Instant::now() + pause)).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    /// A call of the JetStream API.
    pub(crate) async fn call(&self, operation: &str, body: &Value) -> Result<Value, Error> {
        let until = self.deadline();
        let body = match body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        let subject = format!("$JS.API.{operation}");
        loop {
            let message = self.request(&subject, None, &body, until).await?;
            let reply: Value = serde_json::from_slice(&message.payload).map_err(Error::Decode)?;
            let Some(refusal) = reply.get("error") else {
                return Ok(reply);
            };
            let refusal = Refusal::deserialize(refusal).map_err(Error::Decode)?;
            self.refused(refusal, until).await?;
        }
    }

    /// Publishes a message, and returns when its stream has it: whether it had
    /// it before.
    pub(crate) async fn publish(
        &self,
        subject: &str,
        headers: &HeaderMap,
        body: &Bytes,
        until: Instant,
    ) -> Result<bool, Error> {
        loop {
            let message = self.request(subject, Some(headers), body, until).await?;
            let reply: Reply = serde_json::from_slice(&message.payload).map_err(Error::Decode)?;
            match reply.error {
                None => return Ok(reply.duplicate),
                Some(refusal) => self.refused(refusal, until).await?,
            }
        }
    }

    /// Returns after a pause when it makes sense to ask again.
    async fn refused(&self, refusal: Refusal, until: Instant) -> Result<(), Error> {
        let Refusal {
            code,
            err_code,
            description,
        } = refusal;
        match err_code {
            STORE_FAILED | NO_STORAGE | NO_RESOURCES => Err(Error::Full(description)),
            MESSAGE_TOO_LARGE => Err(Error::TooLarge(description)),
            // No leader yet, or none any more.
            _ if code == 503 && Instant::now() < until => {
                sleep_until(until.min(Instant::now() + Duration::from_millis(250))).await;
                Ok(())
            }
            code => Err(Error::Server { code, description }),
        }
    }

    /// The last message under `subject`, if there is one.
    pub(crate) async fn last(&self, stream: &str, subject: &str) -> Result<Option<Message>, Error> {
        let subject = format!("$JS.API.DIRECT.GET.{stream}.{subject}");
        let nothing = Bytes::new();
        let message = self.request(&subject, None, &nothing, self.deadline());
        found(message.await?)
    }

    /// The first message from sequence number `from` on.
    pub(crate) async fn next(
        &self,
        stream: &str,
        subject: &str,
        from: u64,
    ) -> Result<Option<Message>, Error> {
        let body = serde_json::json!({ "seq": from, "next_by_subj": subject });
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        let body = body.to_string().into();
        let message = self.request(&subject, None, &body, self.deadline());
        found(message.await?)
    }

    /// Sends a word about a delivery, and waits until the server has it.
    pub(crate) async fn acknowledge(
        &self,
        delivery: &str,
        word: &Bytes,
        until: Instant,
    ) -> Result<(), Error> {
        self.request(delivery, None, word, until).await.map(drop)
    }

    /// The answer; none if it was lost with the connection that it was to come
    /// over.
    pub(crate) async fn unless_lost<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        let mut connected = self.connected.clone();
        connected.mark_unchanged();
        let mut answer = pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => return Some(answer),
            Ok(()) = connected.changed() => {}
        }
        // What was asked while there was no connection is asked over the new one.
        // An answer that nobody waits for any more could be a task.
        timeout(UNDER_WAY, answer).await.ok()
    }

    /// Waits until `until`, or for the next new connection.
    pub(crate) async fn wait_for_connection(&self, until: Instant) {
        let mut connected = self.connected.clone();
        connected.mark_unchanged();
        // Neither outcome is an error.
        let _ = timeout_at(until, connected.changed()).await;
    }
}

fn found(message: Message) -> Result<Option<Message>, Error> {
    match message.status.map(|status| status.as_u16()) {
        None | Some(200) => Ok(Some(message)),
        Some(404) => Ok(None),
        Some(code) => Err(Error::Server {
            code: code.into(),
            description: message.description.unwrap_or_default(),
        }),
    }
}
