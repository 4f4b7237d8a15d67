//! A class of one's own, served to whoever has the key, Python programs too.
//!
//! ```text
//! $ cargo run -p pymanager --example own_class
//! 3 for alice, 1 for bob
//! ValueError: nobody is called ''
//! TypeError: argument 1 is a 'int': invalid type: integer `7`, expected a string
//! ```
//!
//! With an address, `own_class 127.0.0.1:5000`, it serves until it is ended. In
//! Python, `register('votes')` and `m.votes().vote('alice')` do the same as here.
//! What to notice: a method is one row of a table, its name, its parameters and
//! what it does. Many clients call it at once, each in a thread of its own.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pymanager::{
    Answer, AuthKey, Class, Client, Data, Error, Exception, Listener, Manager, Method, Object,
    Signature,
};

/// Votes, by the name they are for.
#[derive(Default)]
struct Votes(Mutex<BTreeMap<String, i64>>);

impl Votes {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static VOTES: Class<Votes> = Class::new(
    "elections.Votes",
    &[
        Method::new("vote", Signature::named(&["name"], 1), |votes, call| {
            let name: String = call.argument(0)?;
            if name.is_empty() {
                return Err(Exception::value_error("nobody is called ''"));
            }
            *votes.lock().entry(name).or_default() += 1;
            Ok(Answer::none())
        }),
        // A map is a dict in Python.
        Method::new("counts", Signature::NONE, |votes, _| {
            Answer::data(&*votes.lock())
        }),
    ],
);

impl Object for Votes {
    fn class(&self) -> &'static Class<Self> {
        &VOTES
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let key = AuthKey::new("abc");
    let votes = Arc::new(Votes::default());
    let server = Manager::new(key.clone())
        .register_object("votes", &votes)
        .start(Listener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?)?;
    if address.is_some() {
        println!("Serve on {}", server.address());
        server.wait();
        return Ok(());
    }

    // In another program:
    let client = Client::connect(server.address(), &key)?;
    let votes = client.create("votes", &[])?;
    for name in ["alice", "bob", "alice", "alice"] {
        votes.call("vote", &[name.into()], &[], None)?;
    }
    let counts = BTreeMap::<String, i64>::from_value(votes.call("counts", &[], &[], None)?)?;
    println!("{} for alice, {} for bob", counts["alice"], counts["bob"]);
    for wrong in ["".into(), 7.into()] {
        match votes.call("vote", &[wrong], &[], None) {
            Err(error @ Error::Raised { .. }) => println!("{error}"),
            other => println!("unexpected: {other:?}"),
        }
    }
    Ok(())
}
