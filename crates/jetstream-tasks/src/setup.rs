//! Making a queue, or finding it: its streams and consumers.
//!
//! Each step makes what is missing and leaves what is there, so two clients may
//! do this at once, and one that dies half-way is completed by the next.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::api::{Api, NAME_IN_USE, STREAM_NOT_FOUND, SUBJECTS_OVERLAP};
use crate::names::{MOVER, Names, consumer};
use crate::settings::{Policy, VERSION};
use crate::{Error, Settings};

/// How soon the server is asked again; nothing tells when it is done.
const AGAIN: Duration = Duration::from_millis(20);
/// How long that may go on.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) async fn open(api: &Api, names: &Names, settings: &Settings) -> Result<Policy, Error> {
    let mut policy = find(api, names).await?;
    if policy.is_none() {
        let wanted = settings.policy()?;
        match create_stream(api, tasks(names, &wanted)).await {
            // Somebody was faster, perhaps with other settings.
            Err(Error::Server { code, .. }) if code == NAME_IN_USE => {}
            other => other?,
        }
        policy = find(api, names).await?;
    }
    let Some(policy) = policy else {
        return Err(Error::NotAQueue(names.tasks.clone()));
    };
    settings.check(&policy)?;
    for stream in [
        later(names, &policy),
        outcomes(names, &policy),
        dead_letters(names, &policy),
    ] {
        create_stream(api, stream).await?;
    }
    for priority in 0..policy.priorities {
        let name = consumer(priority);
        create_consumer(api, &names.tasks, &name, &names.task(priority), &policy).await?;
    }
    create_consumer(api, &names.later, MOVER, &names.not_yet(), &policy).await?;
    Ok(policy)
}

/// The settings of the queue that is there.
async fn find(api: &Api, names: &Names) -> Result<Option<Policy>, Error> {
    let info = match api
        .call(&format!("STREAM.INFO.{}", names.tasks), &Value::Null)
        .await
    {
        Ok(info) => info,
        Err(Error::Server { code, .. }) if code == STREAM_NOT_FOUND => return Ok(None),
        Err(error) => return Err(error),
    };
    let description = info["config"]["description"].as_str().unwrap_or_default();
    match serde_json::from_str::<Policy>(description) {
        Ok(policy) if policy.version == VERSION => Ok(Some(policy)),
        _ => Err(Error::NotAQueue(names.tasks.clone())),
    }
}

async fn create_stream(api: &Api, config: Value) -> Result<(), Error> {
    let name = config["name"].as_str().unwrap_or_default();
    let operation = format!("STREAM.CREATE.{name}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        match api.call(&operation, &config).await {
            // While somebody else makes this very stream, the server (2.9) may
            // say that its subjects overlap with those of another. If it is
            // another, it will still say so in a while.
            Err(Error::Server { code, .. })
                if code == SUBJECTS_OVERLAP && Instant::now() < deadline =>
            {
                sleep(AGAIN).await;
            }
            other => return other.map(drop),
        }
    }
}

fn stream(name: &str, subject: &str, policy: &Policy) -> Value {
    json!({
        "name": name,
        "subjects": [subject],
        "storage": "file",
        "num_replicas": policy.replicas,
        "max_consumers": -1,
        "max_msgs": -1,
        "max_bytes": -1,
        "max_age": 0,
        "discard": "old",
        "duplicate_window": nanos(policy.window_ms),
        "allow_direct": true,
    })
}

/// A message leaves this stream when it is acknowledged.
fn tasks(names: &Names, policy: &Policy) -> Value {
    let mut config = stream(&names.tasks, &names.any("task"), policy);
    config["description"] = json!(json!(policy).to_string());
    limited(&mut config, policy);
    config
}

/// Apart from the tasks: tasks that are due find room although the limit is
/// taken up by such as are not.
fn later(names: &Names, policy: &Policy) -> Value {
    let mut config = stream(&names.later, &names.not_yet(), policy);
    limited(&mut config, policy);
    config
}

fn limited(config: &mut Value, policy: &Policy) {
    let limit = |number: u64| match i64::try_from(number) {
        Ok(0) | Err(_) => -1,
        Ok(limit) => limit,
    };
    config["retention"] = json!("workqueue");
    config["discard"] = json!("new");
    config["max_msgs"] = json!(limit(policy.max_tasks));
    config["max_msg_size"] = json!(limit(policy.max_task_size));
}

/// One message for each id.
fn outcomes(names: &Names, policy: &Policy) -> Value {
    let mut config = stream(&names.outcomes, &names.any("outcome"), policy);
    config["retention"] = json!("limits");
    config["max_msgs_per_subject"] = json!(1);
    config["max_age"] = json!(nanos(policy.keep_results_ms));
    config
}

/// Kept until somebody sees to them.
fn dead_letters(names: &Names, policy: &Policy) -> Value {
    let mut config = stream(&names.dead, &names.any("dead"), policy);
    config["retention"] = json!("limits");
    config["max_msgs_per_subject"] = json!(1);
    config
}

async fn create_consumer(
    api: &Api,
    stream: &str,
    name: &str,
    subject: &str,
    policy: &Policy,
) -> Result<(), Error> {
    let config = json!({
        "stream_name": stream,
        "config": {
            "durable_name": name,
            "filter_subject": subject,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": nanos(policy.ack_wait_ms),
            // Counted here: a task that the server would deliver no more would
            // stay in the stream for ever, and nobody would be told.
            "max_deliver": -1,
            "max_ack_pending": -1,
            "max_waiting": 16384,
            "replay_policy": "instant",
        }
    });
    let operation = format!("CONSUMER.DURABLE.CREATE.{stream}.{name}");
    api.call(&operation, &config).await.map(drop)
}

fn nanos(millis: u64) -> u64 {
    millis.saturating_mul(1_000_000)
}
