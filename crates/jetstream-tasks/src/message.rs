//! A task as it travels: bytes, and headers that any client can read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_nats::{HeaderMap, Message};
use bytes::Bytes;

use crate::names::check_id;
use crate::settings::millis;

pub(crate) const ID: &str = "Task-Id";
pub(crate) const PRIORITY: &str = "Task-Priority";
pub(crate) const NOT_BEFORE: &str = "Task-Not-Before";
pub(crate) const DEADLINE: &str = "Task-Deadline";
pub(crate) const TIME_LIMIT: &str = "Task-Time-Limit";
pub(crate) const STATUS: &str = "Task-Status";
pub(crate) const LEASE: &str = "Task-Lease";
pub(crate) const ATTEMPT: &str = "Task-Attempt";
pub(crate) const REASON: &str = "Task-Reason";
pub(crate) const CONTENT_TYPE: &str = "Content-Type";
pub(crate) const MESSAGE_ID: &str = "Nats-Msg-Id";
pub(crate) const EXPECTED_SEQUENCE: &str = "Nats-Expected-Last-Subject-Sequence";
pub(crate) const JSON: &str = "application/json";

/// What a task, or its result, consists of: bytes, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// A media type, like `application/json`.
    pub content_type: String,
    /// The bytes themselves.
    pub bytes: Bytes,
}

impl Body {
    /// Bytes of a type.
    pub fn new(content_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Body {
            content_type: content_type.into(),
            bytes: bytes.into(),
        }
    }

    pub(crate) fn of(message: &Message) -> Self {
        let content_type = header(message, CONTENT_TYPE).unwrap_or(JSON);
        Body::new(content_type, message.payload.clone())
    }
}

pub(crate) fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    let headers = message.headers.as_ref()?;
    headers.get(name).map(|value| value.as_str())
}

pub(crate) fn number(message: &Message, name: &str) -> Option<u64> {
    header(message, name)?.parse().ok()
}

/// The id that it was put under. A plain `nats pub` may give one, or none.
pub(crate) fn task_id(message: &Message) -> Option<&str> {
    [ID, MESSAGE_ID]
        .into_iter()
        .filter_map(|name| header(message, name))
        .find(|id| check_id(id).is_ok())
}

/// Without what the server adds, and with no line break that would end a
/// header.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(1000)
        .collect()
}

/// The headers of the task alone, to be written on its copy.
pub(crate) fn own_headers(message: &Message) -> HeaderMap {
    let mut own = HeaderMap::new();
    for name in [ID, PRIORITY, NOT_BEFORE, DEADLINE, TIME_LIMIT, CONTENT_TYPE] {
        if let Some(value) = header(message, name) {
            own.insert(name, value);
        }
    }
    own
}

/// What the server says of a delivery, in the subject for words about it:
/// `$JS.ACK.[DOMAIN.ACCOUNT.]STREAM.CONSUMER.DELIVERED.SEQUENCE.…` (ADR-15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// How many times it has been delivered, from 1.
    pub(crate) attempt: u64,
    /// Its place in the stream.
    pub(crate) sequence: u64,
}

impl Delivered {
    pub(crate) fn parse(reply: &str) -> Option<Self> {
        let rest = reply.strip_prefix("$JS.ACK.")?;
        let tokens: Vec<&str> = rest.split('.').collect();
        let first = match tokens.len() {
            7 => 2,
            9.. => 4,
            _ => return None,
        };
        Some(Delivered {
            attempt: tokens[first].parse().ok()?,
            sequence: tokens[first + 1].parse().ok()?,
        })
    }
}

/// Milliseconds since 1970: what clients on several machines agree on.
pub(crate) fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, millis)
}

pub(crate) fn in_future(by: Duration) -> u64 {
    unix_now().saturating_add(millis(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_reply_subject_are_read() {
        for (reply, attempt) in [
            (
                "$JS.ACK.jobs.priority-0.3.17.21.1700000000000000000.4",
                Some(3),
            ),
            (
                "$JS.ACK._.AbCd.jobs.priority-0.2.17.21.1700000000000000000.4",
                Some(2),
            ),
            (
                "$JS.ACK._.AbCd.jobs.priority-0.9.17.21.1700000000000000000.4.x",
                Some(9),
            ),
            ("$JS.ACK.jobs", None),
            ("_INBOX.abc", None),
        ] {
            assert_eq!(
                Delivered::parse(reply).map(|d| d.attempt),
                attempt,
                "{reply}"
            );
        }
    }
}
