//! One client's view of one queue: what all of its tasks share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::HeaderMap;
use futures_util::{StreamExt, stream};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep};

use crate::api::Api;
use crate::lease::Leases;
use crate::link::Link;
use crate::message::{
    Body, CONTENT_TYPE, DEADLINE, ID, MESSAGE_ID, NOT_BEFORE, PRIORITY, TIME_LIMIT, in_future,
};
use crate::names::{Names, check_id, new_id};
use crate::settings::{Policy, millis};
use crate::{Error, Put, Settings, mover, setup, sweep};

/// How many messages are under way at once when there are many to send. More
/// are no faster.
pub(crate) const IN_FLIGHT: usize = 256;

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) link: Arc<Link>,
    pub(crate) names: Names,
    pub(crate) policy: Policy,
    pub(crate) leases: Arc<Leases>,
    moving: AtomicBool,
}

impl Core {
    pub(crate) fn open(server: &str, queue: &str, settings: &Settings) -> Result<Arc<Self>, Error> {
        let names = Names::new(queue)?;
        let link = Link::connect(server, settings)?;
        let policy = link.block_on(setup::open(&link.api, &names, settings))?;
        let leases = Arc::new(Leases::default());
        link.spawn(Arc::clone(&leases).keep(link.api.clone(), policy.ack_wait()));
        link.spawn(sweep::run(link.api.clone(), names.clone(), policy.clone()));
        Ok(Arc::new(Core {
            link,
            names,
            policy,
            leases,
            moving: AtomicBool::new(false),
        }))
    }

    pub(crate) fn api(&self) -> &Api {
        &self.link.api
    }

    /// Begins to move tasks that become due, once: whoever takes tasks sees to
    /// it that there are some.
    pub(crate) fn move_what_is_due(&self) {
        if !self.moving.swap(true, Ordering::Relaxed) {
            let (api, names) = (self.api().clone(), self.names.clone());
            self.link.spawn(mover::run(api, names));
        }
    }

    /// Returns when the server has the task.
    pub(crate) async fn put(&self, body: Body, options: &Put) -> Result<String, Error> {
        let id = match &options.id {
            Some(id) => {
                check_id(id)?;
                // Beyond the server's window for ids: what is done is done.
                let outcome = self.names.outcome(id);
                if self
                    .api()
                    .last(&self.names.outcomes, &outcome)
                    .await?
                    .is_some()
                {
                    return Ok(id.clone());
                }
                id.clone()
            }
            None => new_id(),
        };
        let middle = self.policy.priorities / 2;
        let priority = options.priority.unwrap_or(middle);
        if priority >= self.policy.priorities {
            return Err(Error::Setting(format!(
                "priority {priority}: the queue has 0 to {}",
                self.policy.priorities - 1
            )));
        }
        let mut headers = HeaderMap::new();
        headers.insert(MESSAGE_ID, id.as_str());
        headers.insert(ID, id.as_str());
        headers.insert(PRIORITY, priority.to_string());
        headers.insert(CONTENT_TYPE, body.content_type.as_str());
        if let Some(deadline) = options.deadline {
            headers.insert(DEADLINE, in_future(deadline).to_string());
        }
        if let Some(limit) = options.time_limit {
            headers.insert(TIME_LIMIT, millis(limit).to_string());
        }
        let subject = if options.delay.is_zero() {
            self.names.task(priority)
        } else {
            headers.insert(NOT_BEFORE, in_future(options.delay).to_string());
            self.names.not_yet()
        };
        let room_until = Instant::now() + options.wait;
        let mut pause = Duration::from_millis(10);
        loop {
            let until = self.api().deadline();
            match self
                .api()
                .publish(&subject, &headers, &body.bytes, until)
                .await
            {
                Ok(_) => return Ok(id),
                Err(Error::Full(_)) if Instant::now() < room_until => {
                    sleep(pause.min(room_until.saturating_duration_since(Instant::now()))).await;
                    pause = (pause * 2).min(Duration::from_millis(500));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Many at once: what became of each, in their order.
    pub(crate) async fn put_many(&self, tasks: Vec<(Body, Put)>) -> Vec<Result<String, Error>> {
        let all = stream::iter(tasks)
            .map(|(body, options)| async move { self.put(body, &options).await })
            .buffered(IN_FLIGHT)
            .collect();
        // Otherwise tokio makes every 128th wait, and others overtake it.
        unconstrained(all).await
    }
}
