//! Removes what a killed server forgot to remove.
//!
//! A server notes for each consumer what is acknowledged, and takes it off the
//! stream. It writes the two down separately, some time after it has confirmed
//! them. Killed in between (seen with 2.9.10), it comes back with tasks that its
//! consumer takes for done: nobody gets them, and they stay for ever.
//!
//! They are below the consumer's floor, but the floor alone proves nothing: after
//! a power cut the stream may have lost its last messages and the consumer not,
//! and then new tasks are below it. So a task is removed only if its end is on
//! record.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Error;
use crate::api::Api;
use crate::message::{STATUS, header, number, task_id};
use crate::names::{MOVER, Names, consumer};

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
pub(crate) async fn run(api: Api, names: Names, priorities: u8) {
    let mut connected = api.connected.clone();
    loop {
        connected.mark_unchanged();
        for pause in LOOKS {
            sleep(pause).await;
            // Without an answer there will be another connection, or another look.
            let _ = sweep(&api, &names, priorities).await;
        }
        if connected.changed().await.is_err() {
            return;
        }
    }
}

/// Removes the tasks that nobody will get and whose end is on record.
pub(crate) async fn sweep(api: &Api, names: &Names, priorities: u8) -> Result<(), Error> {
    for priority in 0..priorities {
        let subject = names.task(priority);
        sweep_one(api, names, &names.tasks, &consumer(priority), &subject).await?;
    }
    sweep_one(api, names, &names.later, MOVER, &names.not_yet()).await
}

async fn sweep_one(
    api: &Api,
    names: &Names,
    stream: &str,
    consumer: &str,
    subject: &str,
) -> Result<(), Error> {
    let operation = format!("CONSUMER.INFO.{stream}.{consumer}");
    let info = api.call(&operation, &Value::Null).await?;
    let floor = info["ack_floor"]["stream_seq"].as_u64().unwrap_or(0);
    let mut from = 1;
    while from <= floor {
        let Some(message) = api.next(stream, subject, from).await? else {
            break;
        };
        let Some(sequence) = number(&message, "Nats-Sequence").filter(|found| *found <= floor)
        else {
            break;
        };
        from = sequence + 1;
        let Some(id) = task_id(&message) else {
            continue;
        };
        if !ended(api, names, id).await? {
            continue;
        }
        let delete = json!({ "seq": sequence, "no_erase": true });
        match api
            .call(&format!("STREAM.MSG.DELETE.{stream}"), &delete)
            .await
        {
            // Somebody else was faster.
            Err(Error::Server { .. }) | Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether there is nothing left to be done for the task: the end of one that
/// was given up is recorded before its dead letter is written.
async fn ended(api: &Api, names: &Names, id: &str) -> Result<bool, Error> {
    let Some(outcome) = api.last(&names.outcomes, &names.outcome(id)).await? else {
        return Ok(false);
    };
    if header(&outcome, STATUS) != Some("dead") {
        return Ok(true);
    }
    let letter = api.last(&names.dead, &names.dead_letter(id)).await?;
    Ok(letter.is_some())
}
