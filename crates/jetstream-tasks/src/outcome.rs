//! What became of tasks: results, dead letters, counts.

use std::time::Duration;

use async_nats::Message;
use bytes::Bytes;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use crate::core::Core;
use crate::message::{
    ATTEMPT, Body, ID, MESSAGE_ID, PRIORITY, REASON, STATUS, header, number, own_headers,
};
use crate::names::consumer;
use crate::{Error, names, sweep};

/// How often to look although nothing was heard.
const LOOK: Duration = Duration::from_secs(1);

/// A task that was given up.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The task's id.
    pub id: String,
    /// Why it was given up.
    pub reason: String,
    /// How many times it had been handed out.
    pub attempts: u64,
    /// The task as it was put.
    pub body: Body,
}

impl DeadLetter {
    /// The task's value.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] where it is not a `T` in JSON, which may be why it is
    /// here.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body.bytes).map_err(Error::Decode)
    }
}

/// How many tasks are where. Every task that was put is in exactly one of
/// `waiting`, `delayed`, `done` and `dead`, except for a moment in between: when
/// its end is recorded but it is still on the queue, or it was moved but not
/// removed yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Put, due, and not done: with workers, or waiting for one.
    pub waiting: u64,
    /// Of these, handed out and not heard of since: with workers, or given back
    /// and pausing.
    pub handed_out: u64,
    /// Not due yet.
    pub delayed: u64,
    /// Done, as long as their outcome is kept.
    pub done: u64,
    /// In the dead letters.
    pub dead: u64,
}

impl Core {
    /// How the task has ended, once it has.
    pub(crate) async fn result(&self, id: &str, wait: Option<Duration>) -> Result<Body, Error> {
        names::check_id(id)?;
        let until = wait.map(|wait| Instant::now() + wait);
        let subject = self.names.outcome(id);
        let api = self.api();
        // Asked for before the first look, so that nothing passes unseen.
        let mut news = match api.client.subscribe(subject.clone()).await {
            Ok(news) => news,
            Err(error) => return Err(Error::Setting(error.to_string())),
        };
        loop {
            if let Some(outcome) = api.last(&self.names.outcomes, &subject).await? {
                let body = Body::of(&outcome);
                return match header(&outcome, STATUS) {
                    Some("dead") => Err(Error::Failed {
                        id: id.to_string(),
                        reason: String::from_utf8_lossy(&body.bytes).into_owned(),
                    }),
                    _ => Ok(body),
                };
            }
            let look = Instant::now() + LOOK;
            let Some(until) = until else {
                let _ = timeout_at(look, news.next()).await;
                continue;
            };
            if Instant::now() >= until {
                return Err(Error::TimedOut(wait.unwrap_or_default()));
            }
            if let Ok(Some(_)) = timeout_at(until.min(look), news.next()).await {
                // Seen on its way to the stream; it is there in a moment.
                sleep(Duration::from_millis(1)).await;
            }
        }
    }

    pub(crate) async fn join(&self, wait: Option<Duration>) -> Result<(), Error> {
        let until = wait.map(|wait| Instant::now() + wait);
        let mut pause = Duration::from_millis(5);
        let (mut swept, mut rest) = (Instant::now(), LOOK);
        while self.len().await? > 0 {
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(Error::TimedOut(wait.unwrap_or_default()));
            }
            // The server has no word for this: it is asked, four times a
            // second when it takes long.
            sleep(pause).await;
            if swept.elapsed() >= rest {
                sweep::sweep(self.api(), &self.names, &self.policy).await?;
                // Two requests for each task in hands: less often as it takes long.
                (swept, rest) = (Instant::now(), (rest * 2).min(16 * LOOK));
            }
            pause = (pause * 2).min(Duration::from_millis(250));
        }
        Ok(())
    }

    pub(crate) async fn len(&self) -> Result<u64, Error> {
        // In this order: a task that is moved in between is seen twice, not
        // never.
        let later = self.messages(&self.names.later).await?;
        Ok(later + self.messages(&self.names.tasks).await?)
    }

    async fn messages(&self, stream: &str) -> Result<u64, Error> {
        let info = self
            .api()
            .call(&format!("STREAM.INFO.{stream}"), &Value::Null)
            .await?;
        Ok(info["state"]["messages"].as_u64().unwrap_or(0))
    }

    pub(crate) async fn leader(&self) -> Result<String, Error> {
        let operation = format!("STREAM.INFO.{}", self.names.tasks);
        let info = self.api().call(&operation, &Value::Null).await?;
        let leader = info["cluster"]["leader"].as_str();
        Ok(leader.unwrap_or_default().to_string())
    }

    pub(crate) async fn stats(&self) -> Result<Stats, Error> {
        let mut handed_out = 0;
        for priority in 0..self.policy.priorities {
            let operation = format!("CONSUMER.INFO.{}.{}", self.names.tasks, consumer(priority));
            let info = self.api().call(&operation, &Value::Null).await?;
            handed_out += info["num_ack_pending"].as_u64().unwrap_or(0);
        }
        let delayed = self.messages(&self.names.later).await?;
        let waiting = self.messages(&self.names.tasks).await?;
        let outcomes = self.messages(&self.names.outcomes).await?;
        let dead = self.messages(&self.names.dead).await?;
        Ok(Stats {
            waiting,
            handed_out,
            delayed,
            done: outcomes.saturating_sub(dead),
            dead,
        })
    }

    pub(crate) async fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, Error> {
        let mut letters = Vec::new();
        let mut from = 1;
        let subject = self.names.any("dead");
        while letters.len() < max {
            let next = self.api().next(&self.names.dead, &subject, from).await?;
            let Some(message) = next else { break };
            from = sequence(&message)? + 1;
            letters.push(DeadLetter {
                id: header(&message, ID).unwrap_or_default().to_string(),
                reason: header(&message, REASON).unwrap_or_default().to_string(),
                attempts: number(&message, ATTEMPT).unwrap_or(0),
                body: Body::of(&message),
            });
        }
        Ok(letters)
    }

    /// Puts a dead letter into the queue again. Who dies in the middle of this
    /// leaves the letter where it is; a second try puts the task under the same
    /// message id, so that the server drops it if the first got that far.
    pub(crate) async fn requeue(&self, id: &str) -> Result<(), Error> {
        names::check_id(id)?;
        let (api, names) = (self.api(), &self.names);
        let letter = api.last(&names.dead, &names.dead_letter(id)).await?;
        let Some(letter) = letter else {
            return Err(Error::NotFound(id.to_string()));
        };
        let number_of_letter = sequence(&letter)?;
        // The recorded end no longer holds.
        let purge = json!({ "filter": names.outcome(id) });
        api.call(&format!("STREAM.PURGE.{}", names.outcomes), &purge)
            .await?;
        let mut headers = own_headers(&letter);
        headers.insert(MESSAGE_ID, format!("{id} again {number_of_letter}"));
        let priority =
            number(&letter, PRIORITY).unwrap_or_else(|| (self.policy.priorities / 2).into());
        let subject = names.task(u8::try_from(priority).unwrap_or(0));
        let body: &Bytes = &letter.payload;
        api.publish(&subject, &headers, body, api.deadline())
            .await?;
        let delete = json!({ "seq": number_of_letter, "no_erase": true });
        match api
            .call(&format!("STREAM.MSG.DELETE.{}", names.dead), &delete)
            .await
        {
            // Somebody else has done the same.
            Err(Error::Server { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn sequence(message: &Message) -> Result<u64, Error> {
    number(message, "Nats-Sequence").ok_or_else(|| Error::Server {
        code: 0,
        description: "a stored message without its sequence number".to_string(),
    })
}
