//! What a server says of itself.

use super::types::{connect, make, manager};
use super::*;
use crate::Status;
use inert_pickle::Data;

#[test]
fn the_status_tells_who_holds_a_lock_and_who_waits_for_it() {
    let server = manager(Limits::default());
    let lock = make(&server, "RLock", &[]);
    let list = make(
        &server,
        "list",
        &[Value::list(&[1.into(), "secret".into()])],
    );
    let (mut holder, mut waiter) = (connect(&server), connect(&server));
    let number = |raw: &Raw| {
        let peer = raw.stream().local_addr().unwrap();
        server.state.connections.of_peer(peer).unwrap().id
    };
    let (holds, waits) = (number(&holder), number(&waiter));
    holder.ask(Some(&lock), "acquire", &[]);
    holder.ask(Some(&lock), "acquire", &[]);
    waiter.send(Some(&lock), "acquire", &[]);
    let status = || {
        let told = Raw::greeted(&server).ask(None, "status", &[]);
        Status::from_value(told).unwrap()
    };
    until("one waits", || {
        status()
            .objects
            .iter()
            .any(|object| !object.waiting.is_empty())
    });
    let told = status();
    // What somebody waits for comes first.
    let object = &told.objects[0];
    assert_eq!(object.ident, lock);
    assert_eq!(object.class, "_thread.RLock");
    assert_eq!(
        (object.held_by, &object.waiting[..], &object.note[..]),
        (Some(holds), &[waits][..], "2 times over")
    );
    let waiter = told.connections.iter().find(|one| one.number == waits);
    let waiter = waiter.unwrap();
    assert_eq!((&waiter.name[..], waiter.calls), ("raw", 1));
    assert_eq!(waiter.method.as_deref(), Some("acquire"));
    assert!(waiter.waiting);
    let object = told.objects.iter().find(|object| object.ident == list);
    assert_eq!(object.unwrap().length, Some(2));
    // For people; and nothing of what is in the objects.
    let text = told.to_string();
    assert!(
        text.contains(&format!("waits in acquire of {lock}")),
        "{text}"
    );
    assert!(
        text.contains(&format!("held by connection {holds}, 2 times over")),
        "{text}"
    );
    assert!(!format!("{told:?}").contains("secret"));
    // Nobody is counted as holding or waiting once he is gone.
    drop(holder);
    until("the next has it", || {
        let told = status();
        let object = &told.objects[0];
        object.ident == lock && object.held_by == Some(waits) && object.waiting.is_empty()
    });
}
