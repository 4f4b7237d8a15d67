//! A task in this client's hands, and the ways out of them.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::api::WRONG_LAST_SEQUENCE;
use crate::core::Core;
use crate::lease::{Lease, now};
use crate::message::{
    ATTEMPT, Body, CONTENT_TYPE, DEADLINE, Delivered, EXPECTED_SEQUENCE, ID, LEASE, REASON, STATUS,
    TIME_LIMIT, header, number, one_line, own_headers, task_id, unix_now,
};
use crate::mover::give_back_after;

/// For ever, as far as the server is concerned.
const SOME_TIME: Duration = Duration::from_secs(365 * 86_400);

/// A task and its lease. Dropping it gives the task back.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) core: Arc<Core>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) id: String,
    pub(crate) attempt: u64,
    message: Message,
    /// Whether the server still has to be told what becomes of it.
    open: bool,
}

/// How long to wait for the server to confirm a word about a delivery. One that
/// was killed and started again may not know the delivery any more, and may then
/// keep silent (seen with 2.14).
pub(crate) const CONFIRMATION: Duration = Duration::from_secs(1);

/// How a task ends.
#[derive(Debug)]
pub(crate) enum Ending {
    Done(Body),
    Dead(String),
}

/// Whose ending was recorded first, and so is the one that counts.
enum Recorded {
    Ours,
    Theirs(Message),
}

impl Core {
    /// Up to `max` tasks that are to be done, leased.
    pub(crate) async fn receive(
        self: &Arc<Self>,
        max: usize,
        wait: Option<Duration>,
    ) -> Result<Vec<Held>, Error> {
        self.move_what_is_due();
        let begin = Instant::now();
        let until = begin + wait.unwrap_or(SOME_TIME);
        loop {
            let pulled = self.pull(max, until).await;
            let silent = pulled.is_err();
            let held: Vec<_> = pulled
                .unwrap_or_default()
                .into_iter()
                .filter_map(|message| self.hold(message))
                .collect();
            let mut to_do = Vec::with_capacity(held.len());
            for task in held {
                to_do.extend(task.admit().await?);
            }
            if !to_do.is_empty() {
                return Ok(to_do);
            }
            match (Instant::now() >= until, silent) {
                (true, true) => return Err(Error::NoAnswer(begin.elapsed())),
                (true, false) => return Err(Error::Empty),
                (false, true) => {
                    let soon = Instant::now() + Duration::from_millis(250);
                    self.api().wait_for_connection(soon.min(until)).await;
                }
                (false, false) => {}
            }
        }
    }

    fn hold(self: &Arc<Self>, message: Message) -> Option<Held> {
        let delivery = message.reply.as_ref()?.to_string();
        let delivered = Delivered::parse(&delivery)?;
        let id = task_id(&message).map_or_else(
            || format!("sequence-{}", delivered.sequence),
            str::to_string,
        );
        let mut limit = u64::MAX;
        if let Some(time) = number(&message, TIME_LIMIT) {
            limit = now().saturating_add(time);
        }
        if let Some(deadline) = number(&message, DEADLINE) {
            let left = deadline.saturating_sub(unix_now());
            limit = limit.min(now().saturating_add(left));
        }
        Some(Held {
            core: Arc::clone(self),
            lease: self.leases.add(delivery, self.policy.ack_wait(), limit),
            id,
            attempt: delivered.attempt,
            message,
            open: true,
        })
    }
}

impl Held {
    pub(crate) fn body(&self) -> Body {
        Body::of(&self.message)
    }

    /// The task, unless it is at its end already.
    async fn admit(self) -> Result<Option<Self>, Error> {
        if self.attempt > 1 {
            // Somebody may have recorded its end, and died before telling the
            // server that the task is finished.
            let names = &self.core.names;
            let subject = names.outcome(&self.id);
            if let Some(outcome) = self.core.api().last(&names.outcomes, &subject).await? {
                self.follow(&outcome).await?;
                return Ok(None);
            }
        }
        let max = self.core.policy.max_deliver;
        let reason = if self.attempt > max {
            format!("no success in {max} attempts; the last worker died, hung or gave it back")
        } else if number(&self.message, DEADLINE).is_some_and(|time| time <= unix_now()) {
            "its deadline has passed".to_string()
        } else {
            return Ok(Some(self));
        };
        // Whether or not the lease holds: the lease of a task beyond its deadline
        // never does.
        match self.finish(Ending::Dead(reason)).await {
            Ok(()) | Err(Error::AlreadyDone(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends the task, if it is this client's to end.
    pub(crate) async fn end(mut self, ending: Ending) -> Result<(), Error> {
        if !self.lease.holds() {
            self.forget();
            return Err(Error::LeaseLost(self.id.clone()));
        }
        self.finish(ending).await
    }

    /// Records how the task has ended, if nobody has yet, and takes it off the
    /// queue.
    ///
    /// The record is what makes an end one: the server takes a word about a
    /// delivery from anybody, also from a worker whose lease ran out long ago,
    /// but only one message under the outcome's subject.
    async fn finish(mut self, ending: Ending) -> Result<(), Error> {
        match self.record(&ending).await? {
            Recorded::Ours => self.complete(ending).await,
            Recorded::Theirs(outcome) => {
                let id = self.id.clone();
                self.follow(&outcome).await?;
                Err(Error::AlreadyDone(id))
            }
        }
    }

    /// Completes what the recorded end asks for.
    async fn follow(mut self, outcome: &Message) -> Result<(), Error> {
        let body = Body::of(outcome);
        let ending = match header(outcome, STATUS) {
            Some("dead") => Ending::Dead(String::from_utf8_lossy(&body.bytes).into_owned()),
            _ => Ending::Done(body),
        };
        self.complete(ending).await
    }

    async fn complete(&mut self, ending: Ending) -> Result<(), Error> {
        let word = match ending {
            Ending::Done(_) => Bytes::from_static(b"+ACK"),
            Ending::Dead(reason) => {
                self.copy_to_dead_letters(&reason).await?;
                Bytes::from_static(b"+TERM")
            }
        };
        let until = Instant::now() + CONFIRMATION;
        // The end is on record. Should the server not hear this word, the next
        // one to get the task finds the record.
        let _ = self
            .core
            .api()
            .acknowledge(&self.lease.delivery, &word, until)
            .await;
        self.forget();
        Ok(())
    }

    async fn record(&self, ending: &Ending) -> Result<Recorded, Error> {
        let (status, body) = match ending {
            Ending::Done(body) => ("done", body.clone()),
            Ending::Dead(reason) => ("dead", Body::new("text/plain", reason.clone())),
        };
        let mut headers = HeaderMap::new();
        headers.insert(ID, self.id.as_str());
        headers.insert(STATUS, status);
        headers.insert(LEASE, self.lease.delivery.as_str());
        headers.insert(ATTEMPT, self.attempt.to_string());
        headers.insert(CONTENT_TYPE, body.content_type.as_str());
        // Only where there is none yet.
        headers.insert(EXPECTED_SEQUENCE, "0");
        let (api, names) = (self.core.api(), &self.core.names);
        let subject = names.outcome(&self.id);
        let until = api.deadline();
        match api.publish(&subject, &headers, &body.bytes, until).await {
            Ok(_) => return Ok(Recorded::Ours),
            Err(Error::Server { code, .. }) if code == WRONG_LAST_SEQUENCE => {}
            Err(error) => return Err(error),
        }
        // There is one. Perhaps it is ours, whose receipt did not reach us; a
        // replica may be a moment behind.
        loop {
            if let Some(outcome) = api.last(&names.outcomes, &subject).await? {
                let ours = header(&outcome, LEASE) == Some(self.lease.delivery.as_str());
                return Ok(if ours {
                    Recorded::Ours
                } else {
                    Recorded::Theirs(outcome)
                });
            }
            if Instant::now() >= until {
                return Err(Error::NoAnswer(api.timeout));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// A second copy takes the place of the first.
    async fn copy_to_dead_letters(&self, reason: &str) -> Result<(), Error> {
        let mut headers = own_headers(&self.message);
        headers.insert(ID, self.id.as_str());
        headers.insert(REASON, one_line(reason));
        headers.insert(ATTEMPT, self.attempt.to_string());
        let (api, subject) = (self.core.api(), self.core.names.dead_letter(&self.id));
        let until = api.deadline();
        api.publish(&subject, &headers, &self.message.payload, until)
            .await
            .map(drop)
    }

    /// Gives the task back, to be handed out again after a pause.
    pub(crate) async fn retry(mut self, after: Option<Duration>) -> Result<(), Error> {
        let policy = &self.core.policy;
        if self.attempt >= policy.max_deliver {
            let reason = format!("no success in {} attempts", self.attempt);
            return self.end(Ending::Dead(reason)).await;
        }
        if !self.lease.holds() {
            self.forget();
            return Err(Error::LeaseLost(self.id.clone()));
        }
        let word = give_back_after(after.unwrap_or_else(|| policy.pause_after(self.attempt)));
        let (api, lease) = (self.core.api(), &self.lease);
        let until = api.deadline().min(Instant::now() + lease.left());
        match api.acknowledge(&lease.delivery, &word, until).await {
            // With its lease, the task is anybody's.
            Err(Error::NoAnswer(_)) if !lease.holds() => {
                return Err(Error::LeaseLost(self.id.clone()));
            }
            outcome => outcome?,
        }
        self.forget();
        Ok(())
    }

    /// There is nothing left to tell the server about it.
    fn forget(&mut self) {
        self.open = false;
        self.core.leases.remove(&self.lease);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        self.forget();
        if self.lease.holds() {
            let pause = self.core.policy.pause_after(self.attempt);
            let client = self.core.api().client.clone();
            let delivery = self.lease.delivery.clone();
            // Not heard, the task comes back when the lease ends.
            self.core.link.spawn(async move {
                let _ = client.publish(delivery, give_back_after(pause)).await;
            });
        }
    }
}
