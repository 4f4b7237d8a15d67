//! The names that a queue has on the server.

use std::fmt::Write;

use crate::Error;

/// The streams and subjects of one queue.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The queue, and the stream of its tasks.
    pub(crate) tasks: String,
    /// The stream of tasks that are not due yet.
    pub(crate) later: String,
    /// The stream with one outcome for each task that has ended.
    pub(crate) outcomes: String,
    /// The stream of the dead letters.
    pub(crate) dead: String,
}

/// The consumer of tasks that are not due yet.
pub(crate) const MOVER: &str = "mover";

impl Names {
    pub(crate) fn new(queue: &str) -> Result<Self, Error> {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if queue.is_empty() || queue.len() > 64 || !queue.chars().all(good) {
            return Err(Error::Name {
                what: "the queue's name",
                text: queue.to_string(),
                why: "is not made of 1 to 64 letters, digits, - and _",
            });
        }
        Ok(Names {
            tasks: queue.to_string(),
            later: format!("{queue}-later"),
            outcomes: format!("{queue}-outcomes"),
            dead: format!("{queue}-dead"),
        })
    }

    pub(crate) fn task(&self, priority: u8) -> String {
        format!("queue.{}.task.{priority}", self.tasks)
    }

    pub(crate) fn not_yet(&self) -> String {
        format!("queue.{}.later", self.tasks)
    }

    pub(crate) fn outcome(&self, id: &str) -> String {
        format!("queue.{}.outcome.{}", self.tasks, token(id))
    }

    pub(crate) fn dead_letter(&self, id: &str) -> String {
        format!("queue.{}.dead.{}", self.tasks, token(id))
    }

    pub(crate) fn any(&self, kind: &str) -> String {
        format!("queue.{}.{kind}.*", self.tasks)
    }
}

/// The consumer of one priority.
pub(crate) fn consumer(priority: u8) -> String {
    format!("priority-{priority}")
}

pub(crate) fn check_id(id: &str) -> Result<(), Error> {
    let why = if id.is_empty() || id.len() > 200 {
        "is not 1 to 200 bytes long"
    } else if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        "contains something else than visible ASCII characters"
    } else {
        return Ok(());
    };
    Err(Error::Name {
        what: "the id",
        text: id.to_string(),
        why,
    })
}

/// An id as one token of a subject, where `.`, `*` and `>` have a meaning.
fn token(id: &str) -> String {
    let mut token = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'.' | b'*' | b'>' | b'%' => {
                let _ = write!(token, "%{byte:02X}");
            }
            _ => token.push(char::from(byte)),
        }
    }
    token
}

/// An id that nobody else has: 128 random bits.
pub(crate) fn new_id() -> String {
    let mut bytes = [0; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        // The first bytes of this pool never fail (getrandom(2)).
        let flags = rustix::rand::GetRandomFlags::empty();
        filled += rustix::rand::getrandom(&mut bytes[filled..], flags).unwrap_or(0);
    }
    bytes
        .iter()
        .fold(String::with_capacity(32), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_token_and_two_ids_are_two() {
        for (id, expected) in [
            ("order-17", "order-17"),
            ("order.17", "order%2E17"),
            ("order%2E17", "order%252E17"),
            ("a*>b", "a%2A%3Eb"),
        ] {
            assert_eq!(token(id), expected);
        }
    }

    #[test]
    fn what_would_break_a_subject_or_a_header_is_refused() {
        for id in ["", "a b", "a\r\nb", "é", &"x".repeat(201)] {
            assert!(check_id(id).is_err(), "{id:?}");
        }
        for name in ["", "a.b", "a b", "a*"] {
            assert!(Names::new(name).is_err(), "{name:?}");
        }
        assert_ne!(new_id(), new_id());
    }
}
