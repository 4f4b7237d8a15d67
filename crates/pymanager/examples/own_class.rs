//! A class of one's own, served to whoever has the key, Python programs too.
//!
//! ```text
//! $ cargo run -p pymanager --example own_class
//! 3 for alice, 1 for bob
//! ValueError: nobody is called ''
//! ```
//!
//! In Python, `register('votes')` and `m.votes().vote('alice')` do the same.
//! What to notice: a method is one row of a table, its name, its parameters and
//! what it does. Many clients call it at once, each in a thread of its own.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pymanager::pickle::Value;
use pymanager::{
    Answer, AuthKey, Class, Client, Error, Exception, Listener, Manager, Method, Object, Signature,
};

/// Votes, by the name they are for.
#[derive(Default)]
struct Votes(Mutex<BTreeMap<String, i64>>);

static VOTES: Class<Votes> = Class::new(
    "elections.Votes",
    &[
        Method::new("vote", Signature::named(&["name"], 1), |votes, call| {
            let name = call.value(0);
            let name = name.as_str().filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| Exception::value_error("nobody is called ''"))?;
            let mut votes = votes.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = votes.entry(name.to_string()).or_default();
            *count += 1;
            Ok(Answer::from(*count))
        }),
        Method::new("count", Signature::named(&["name"], 1), |votes, call| {
            let votes = votes.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = votes.get(call.value(0).as_str().unwrap_or_default());
            Ok(Answer::from(count.copied().unwrap_or(0)))
        }),
    ],
);

impl Object for Votes {
    fn class(&self) -> &'static Class<Self> {
        &VOTES
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = AuthKey::new("abc");
    let votes = Arc::new(Votes::default());
    let server = Manager::new(key.clone())
        .register_object("votes", &votes)
        .start(Listener::bind("127.0.0.1:0")?)?;

    // In another program:
    let client = Client::connect(server.address(), &key)?;
    let votes = client.create("votes", &[])?;
    let call = |method: &str, name: &str| votes.call(method, &[name.into()], &[], None);
    for name in ["alice", "bob", "alice", "alice"] {
        call("vote", name)?;
    }
    let count = |name| call("count", name).map(|count: Value| count.repr(20));
    println!("{} for alice, {} for bob", count("alice")?, count("bob")?);
    match call("vote", "") {
        Err(error @ Error::Raised { .. }) => println!("{error}"),
        other => println!("unexpected: {other:?}"),
    }
    Ok(())
}
