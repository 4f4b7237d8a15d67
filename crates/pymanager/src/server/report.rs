//! What the server says of itself, put together.

use std::collections::HashMap;

use super::state::State;
use crate::status::{ConnectionStatus, ObjectStatus, Status};

/// How many objects are told one by one: a client may make a million.
const TOLD: usize = 1_000;

/// Who is connected, what lives, who waits for what. A picture of one moment,
/// but for what changes while it is taken.
pub(crate) fn status(state: &State) -> Status {
    let mut connections: Vec<_> = state
        .connections
        .all()
        .iter()
        .map(|connection| {
            let mut told = ConnectionStatus {
                number: connection.id,
                ..ConnectionStatus::default()
            };
            if let Ok(peer) = connection.stream.peer_addr() {
                told.peer = peer.to_string();
            }
            if let Some(caller) = connection.caller.get() {
                caller.describe(&mut told);
            }
            told
        })
        .collect();
    connections.sort_unstable_by_key(|connection| connection.number);
    let mut waiting = HashMap::<&str, Vec<u64>>::new();
    for connection in connections.iter().filter(|connection| connection.waiting) {
        if let Some(object) = &connection.object {
            waiting.entry(object).or_default().push(connection.number);
        }
    }
    let (objects_in_all, mut objects) = state.registry.statuses(|object: &mut ObjectStatus| {
        object.waiting = waiting.remove(object.ident.as_str()).unwrap_or_default();
    });
    // The order is kept among equals: the oldest come first.
    objects.sort_by_key(|object| object.waiting.is_empty() && object.held_by.is_none());
    objects.truncate(TOLD);
    Status {
        seconds: state.since.elapsed().as_secs_f64(),
        memory: state.memory.used() as u64,
        objects_in_all,
        connections,
        objects,
    }
}
