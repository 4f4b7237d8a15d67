//! Delayed tasks: kept in a stream of their own, moved when they are due.
//!
//! Every client that takes tasks does this in the background. A task that is not
//! due goes back with the time that is left, which the server keeps; should it
//! forget that time in a restart, the task comes back early and is sent back
//! again. The move is a put with the task's own id and then an acknowledgement:
//! who dies between the two leaves a task that is moved a second time, which the
//! server drops by its id. (Servers from 2.12 can do it by themselves.)

use std::time::Duration;

use async_nats::Message;
use bytes::Bytes;
use tokio::time::Instant;

use crate::Error;
use crate::api::Api;
use crate::held::CONFIRMATION;
use crate::message::{ID, MESSAGE_ID, NOT_BEFORE, PRIORITY, header, number, own_headers, unix_now};
use crate::names::{MOVER, Names};
use crate::pull::{pull_many, pull_one};
use crate::settings::millis;

/// How long one request for a task waits at the server.
const WAIT: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 100;
/// When there is no room for it, or no answer.
const LATER: u64 = 500;

pub(crate) async fn run(api: Api, names: Names) {
    loop {
        let first = pull_one(&api, &names.later, MOVER, WAIT).await;
        let mut messages = match first {
            Ok(Some(first)) => vec![first],
            Ok(None) => continue,
            Err(_) => {
                api.wait_for_connection(Instant::now() + WAIT / 10).await;
                continue;
            }
        };
        if let Ok(more) = pull_many(&api, &names.later, MOVER, AT_ONCE).await {
            messages.extend(more);
        }
        for message in messages {
            let wait = number(&message, NOT_BEFORE)
                .unwrap_or(0)
                .saturating_sub(unix_now());
            let moved = if wait > 0 {
                Ok(false)
            } else {
                move_one(&api, &names, &message).await
            };
            let word = match moved {
                Ok(true) => Bytes::from_static(b"+ACK"),
                Ok(false) => give_back(wait),
                Err(_) => give_back(LATER),
            };
            if let Some(reply) = &message.reply {
                // Not heard, it comes back when its lease ends.
                let _ = api
                    .acknowledge(reply, &word, Instant::now() + CONFIRMATION)
                    .await;
            }
        }
    }
}

async fn move_one(api: &Api, names: &Names, message: &Message) -> Result<bool, Error> {
    let mut headers = own_headers(message);
    if let Some(id) = header(message, ID) {
        headers.insert(MESSAGE_ID, id);
    }
    let priority = number(message, PRIORITY).unwrap_or(0);
    let subject = names.task(u8::try_from(priority).unwrap_or(0));
    api.publish(&subject, &headers, &message.payload, api.deadline())
        .await?;
    Ok(true)
}

/// Not acknowledged: to be delivered again after so many milliseconds.
pub(crate) fn give_back(wait: u64) -> Bytes {
    let nanos = wait.saturating_mul(1_000_000);
    Bytes::from(format!("-NAK {{\"delay\": {nanos}}}"))
}

/// The same, for a pause.
pub(crate) fn give_back_after(pause: Duration) -> Bytes {
    give_back(millis(pause))
}
