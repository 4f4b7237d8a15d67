//! Removes what a killed server forgot to remove.
//!
//! A server notes for each consumer what is acknowledged, and takes it off the
//! stream. It writes the two down separately, some time after it has confirmed
//! them. Killed in between (seen with 2.9.10), it comes back with tasks that its
//! consumer takes for done: nobody gets them, and they stay for ever.
//!
//! Most are below the consumer's floor, but the floor alone proves nothing: after
//! a power cut the stream may have lost its last messages and the consumer not,
//! and then new tasks are below it. So a task is removed only if its end is on
//! record.
//!
//! It also happens the other way round: the consumer waits for word of a delivery
//! whose message is gone. It then stumbles over that one whenever the lease ends,
//! its floor stays where it is, and with some of them it hands out nothing at all
//! (twenty were enough for 2.9.10). Those are acknowledged once more.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Error;
use crate::api::Api;
use crate::message::{Delivered, LEASE, STATUS, header, number, task_id};
use crate::names::{MOVER, Names, consumer};
use crate::settings::Policy;

/// So many tasks in hands are looked at; with more it is not the time.
const IN_HANDS: usize = 1_000;
/// So far back a delivery is looked for whose message is gone.
const BACK: u64 = 10_000;

/// When to look after a new connection. The floor rises as what was in hands at
/// that moment is done, or comes again.
const LOOKS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(20),
    Duration::from_secs(60),
];

/// Looks after each new connection, for as long as the link is there.
pub(crate) async fn run(api: Api, names: Names, policy: Policy) {
    let mut connected = api.connected.clone();
    loop {
        connected.mark_unchanged();
        for pause in LOOKS {
            sleep(pause).await;
            // Without an answer there will be another connection, or another look.
            let _ = sweep(&api, &names, &policy).await;
        }
        if connected.changed().await.is_err() {
            return;
        }
    }
}

/// Removes the tasks that nobody will get and whose end is on record, and has the
/// consumers forget deliveries whose message is gone.
pub(crate) async fn sweep(api: &Api, names: &Names, policy: &Policy) -> Result<(), Error> {
    for priority in 0..policy.priorities {
        let (consumer, subject) = (consumer(priority), names.task(priority));
        let place = Place {
            api,
            names,
            stream: &names.tasks,
            consumer: &consumer,
            subject: &subject,
            all: &names.any("task"),
        };
        place.sweep(policy.replicas).await?;
    }
    let subject = names.not_yet();
    let place = Place {
        api,
        names,
        stream: &names.later,
        consumer: MOVER,
        subject: &subject,
        all: &subject,
    };
    place.sweep(policy.replicas).await
}

/// One consumer, and what it hands out.
struct Place<'a> {
    api: &'a Api,
    names: &'a Names,
    stream: &'a str,
    consumer: &'a str,
    subject: &'a str,
    /// All subjects of its stream.
    all: &'a str,
}

/// What a consumer knows.
struct Known {
    /// Up to here all is acknowledged.
    floor: u64,
    /// Up to here all has been handed out.
    delivered: u64,
    /// How many deliveries it waits for word of.
    pending: usize,
}

impl Place<'_> {
    async fn sweep(&self, replicas: u8) -> Result<(), Error> {
        let known = self.known().await?;
        let mut in_hands = 0;
        let mut from = 1;
        while let Some((sequence, id)) = self.next(self.subject, from, known.delivered).await? {
            from = sequence + 1;
            if self.is_over(sequence, id.as_deref(), known.floor).await? {
                let delete = json!({ "seq": sequence, "no_erase": true });
                let operation = format!("STREAM.MSG.DELETE.{}", self.stream);
                match self.api.call(&operation, &delete).await {
                    // Somebody else was faster.
                    Err(Error::Server { .. }) | Ok(_) => {}
                    Err(error) => return Err(error),
                }
            } else if sequence > known.floor {
                in_hands += 1;
                if in_hands == IN_HANDS {
                    return Ok(());
                }
            }
        }
        let now = self.known().await?;
        // Nothing was handed out meanwhile, so those that it waits for have all
        // been seen, or are gone. Of three servers one may lag behind, and what it
        // does not have need not be gone.
        if replicas == 1 && now.delivered == known.delivered && now.pending > in_hands {
            self.acknowledge_what_is_gone(&now).await?;
        }
        Ok(())
    }

    async fn known(&self) -> Result<Known, Error> {
        let operation = format!("CONSUMER.INFO.{}.{}", self.stream, self.consumer);
        let info = self.api.call(&operation, &Value::Null).await?;
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        let delivered = number(&info["delivered"]["stream_seq"]);
        let pending = number(&info["num_ack_pending"]);
        Ok(Known {
            // One that lost a delivery in this way does not raise its floor.
            floor: match pending {
                0 => delivered,
                _ => number(&info["ack_floor"]["stream_seq"]),
            },
            delivered,
            pending: usize::try_from(pending).unwrap_or(usize::MAX),
        })
    }

    /// The first message from `from` to `to`, and its id.
    async fn next(
        &self,
        subject: &str,
        from: u64,
        to: u64,
    ) -> Result<Option<(u64, Option<String>)>, Error> {
        if from > to {
            return Ok(None);
        }
        let Some(message) = self.api.next(self.stream, subject, from).await? else {
            return Ok(None);
        };
        let sequence = number(&message, "Nats-Sequence").filter(|found| *found <= to);
        Ok(sequence.map(|sequence| (sequence, task_id(&message).map(str::to_string))))
    }

    /// Whether there is nothing left to be done for the task: the end of one that
    /// was given up is recorded before its dead letter is written.
    async fn is_over(&self, sequence: u64, id: Option<&str>, floor: u64) -> Result<bool, Error> {
        let Some(id) = id else {
            return Ok(false);
        };
        let (api, names) = (self.api, self.names);
        let Some(outcome) = api.last(&names.outcomes, &names.outcome(id)).await? else {
            return Ok(false);
        };
        // Above the floor it may be a second task of this id, put again by
        // `requeue`, and the record that of the first.
        if sequence > floor && !self.is_of(header(&outcome, LEASE), sequence) {
            return Ok(false);
        }
        if header(&outcome, STATUS) != Some("dead") {
            return Ok(true);
        }
        let letter = api.last(&names.dead, &names.dead_letter(id)).await?;
        Ok(letter.is_some())
    }

    /// Whether it is a lease of this message.
    fn is_of(&self, lease: Option<&str>, sequence: u64) -> bool {
        lease.is_some_and(|lease| {
            let here = format!(".{}.{}.", self.stream, self.consumer);
            lease.contains(&here)
                && Delivered::parse(lease).is_some_and(|of| of.sequence == sequence)
        })
    }

    async fn acknowledge_what_is_gone(&self, known: &Known) -> Result<(), Error> {
        let operation = format!("STREAM.INFO.{}", self.stream);
        let info = self.api.call(&operation, &Value::Null).await?;
        // Beyond its last message there may still be one with that number: a
        // stream that lost its end counts on from there.
        let last = info["state"]["last_seq"].as_u64().unwrap_or(0);
        let to = known.delivered.min(last);
        let after = known.floor.max(to.saturating_sub(BACK));
        let mut there = BTreeSet::new();
        let mut from = after + 1;
        while let Some((sequence, _)) = self.next(self.all, from, to).await? {
            there.insert(sequence);
            from = sequence + 1;
            if there.len() == IN_HANDS {
                return Ok(());
            }
        }
        for sequence in (after + 1..=to).filter(|sequence| !there.contains(sequence)) {
            // The number of the delivery is not known, and 0 is none.
            let word = format!(
                "$JS.ACK.{}.{}.1.{sequence}.0.0.0",
                self.stream, self.consumer
            );
            let sent = self.api.client.publish(word, Bytes::from_static(b"+ACK"));
            if sent.await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}
