//! Asking the server for tasks.

use std::time::Duration;

use async_nats::{Client, Message, Request, RequestErrorKind};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::api::Api;
use crate::core::Core;
use crate::mover::give_back;
use crate::names::consumer;

/// How long one request waits at the server before it is made anew. A request
/// is lost with the server, or the connection, that it waits at; after a new
/// connection it is made anew at once.
const SLICE: Duration = Duration::from_secs(5);
/// How much later than that an answer may come. A task that comes later still
/// is not lost: its lease runs out.
const GRACE: Duration = Duration::from_secs(2);

/// There was no answer.
pub(crate) struct Silence;

/// What one request was answered with.
enum Answer {
    Task(Message),
    Nothing,
    Silence,
}

impl Core {
    /// Up to `max` tasks as soon as there is one.
    pub(crate) async fn pull(&self, max: usize, until: Instant) -> Result<Vec<Message>, Silence> {
        let stream = &self.names.tasks;
        let wait = SLICE.min(until.saturating_duration_since(Instant::now()));
        if self.policy.priorities == 1 && max == 1 {
            let message = pull_one(self.api(), stream, &consumer(0), wait).await?;
            return Ok(message.into_iter().collect());
        }
        let mut found = self.pull_at_once(max).await?;
        if found.is_empty() && !wait.is_zero() {
            found.extend(self.wait_for_any(wait).await?);
            if !found.is_empty() && max > 1 {
                found.extend(self.pull_at_once(max - 1).await.unwrap_or_default());
            }
        }
        Ok(found)
    }

    /// What is there now, the most urgent first.
    async fn pull_at_once(&self, max: usize) -> Result<Vec<Message>, Silence> {
        let mut found = Vec::new();
        for priority in 0..self.policy.priorities {
            let left = max - found.len();
            if left == 0 {
                break;
            }
            match pull_many(self.api(), &self.names.tasks, &consumer(priority), left).await {
                Ok(more) => found.extend(more),
                Err(silence) if found.is_empty() => return Err(silence),
                Err(_) => break,
            }
        }
        Ok(found)
    }

    /// The first task of any priority. A request waits for each priority; a
    /// second task that comes while they are taken back is given back.
    async fn wait_for_any(&self, wait: Duration) -> Result<Option<Message>, Silence> {
        let stream = &self.names.tasks;
        if self.policy.priorities == 1 {
            return pull_one(self.api(), stream, &consumer(0), wait).await;
        }
        let client = &self.api().client;
        let inbox = client.new_inbox();
        let Ok(mut answers) = client.subscribe(inbox.clone()).await else {
            return Err(Silence);
        };
        let mut first = None;
        let mut asked = 0;
        for priority in 0..self.policy.priorities {
            if ask(client, stream, &consumer(priority), &inbox, 1, wait)
                .await
                .is_ok()
            {
                asked += 1;
            }
        }
        let mut answered = 0;
        let mut silence = false;
        while answered < asked && first.is_none() {
            let next = timeout(wait + GRACE, answers.next());
            let Some(Ok(Some(message))) = self.api().unless_lost(next).await else {
                silence = true;
                break;
            };
            answered += 1;
            match sort(message) {
                Answer::Task(message) => first = Some(message),
                Answer::Nothing => {}
                Answer::Silence => silence = true,
            }
        }
        // In flight up to now, and no further.
        if answered < asked && answers.drain().await.is_ok() {
            while let Ok(Some(message)) = timeout(GRACE, answers.next()).await {
                if let (Answer::Task(_), Some(reply)) = (sort(message.clone()), message.reply) {
                    // Not heard, it comes back when its lease ends.
                    let _ = client.publish(reply, give_back(0)).await;
                }
            }
        }
        match first {
            None if silence => Err(Silence),
            first => Ok(first),
        }
    }
}

/// One task, as soon as there is one.
pub(crate) async fn pull_one(
    api: &Api,
    stream: &str,
    consumer: &str,
    wait: Duration,
) -> Result<Option<Message>, Silence> {
    // An inbox of its own: a delivery bears the subject that the task was put
    // under, so the client could not tell which of its requests it answers.
    let request = Request::new()
        .inbox(api.client.new_inbox())
        .payload(wish(1, wait))
        .timeout(Some(wait + GRACE));
    let answer = api.client.send_request(next(stream, consumer), request);
    let answer = match wait {
        // Over soon in any case.
        Duration::ZERO => Some(answer.await),
        _ => api.unless_lost(answer).await,
    };
    match answer {
        Some(Ok(message)) => match sort(message) {
            Answer::Task(message) => Ok(Some(message)),
            Answer::Nothing => Ok(None),
            Answer::Silence => Err(Silence),
        },
        Some(Err(error)) => {
            debug_assert!(error.kind() != RequestErrorKind::InvalidSubject);
            Err(Silence)
        }
        None => Err(Silence),
    }
}

/// As many as there are now, up to `max`.
pub(crate) async fn pull_many(
    api: &Api,
    stream: &str,
    consumer: &str,
    max: usize,
) -> Result<Vec<Message>, Silence> {
    if max == 1 {
        let one = pull_one(api, stream, consumer, Duration::ZERO).await?;
        return Ok(one.into_iter().collect());
    }
    let client = &api.client;
    let inbox = client.new_inbox();
    let Ok(mut answers) = client.subscribe(inbox.clone()).await else {
        return Err(Silence);
    };
    ask(client, stream, consumer, &inbox, max, Duration::ZERO).await?;
    let mut found = Vec::new();
    while found.len() < max {
        match timeout(GRACE, answers.next()).await {
            Ok(Some(message)) => match sort(message) {
                Answer::Task(message) => found.push(message),
                Answer::Nothing => break,
                Answer::Silence if found.is_empty() => return Err(Silence),
                Answer::Silence => break,
            },
            _ if found.is_empty() => return Err(Silence),
            _ => break,
        }
    }
    Ok(found)
}

async fn ask(
    client: &Client,
    stream: &str,
    consumer: &str,
    inbox: &str,
    batch: usize,
    wait: Duration,
) -> Result<(), Silence> {
    let subject = next(stream, consumer);
    let wish = wish(batch, wait);
    let sent = client
        .publish_with_reply(subject, inbox.to_string(), wish)
        .await;
    sent.map_err(|_| Silence)
}

fn next(stream: &str, consumer: &str) -> String {
    format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}")
}

fn wish(batch: usize, wait: Duration) -> Bytes {
    let wish = match u64::try_from(wait.as_nanos()) {
        Ok(0) => json!({ "batch": batch, "no_wait": true }),
        nanos => json!({ "batch": batch, "expires": nanos.unwrap_or(u64::MAX) }),
    };
    wish.to_string().into()
}

fn sort(message: Message) -> Answer {
    match message.status.map(|status| status.as_u16()) {
        None | Some(200) if message.reply.is_some() => Answer::Task(message),
        // None there; none came; part of what was asked for was there.
        Some(404 | 408) => Answer::Nothing,
        // No such consumer at the moment, another leader, too many requests.
        _ => Answer::Silence,
    }
}
