//! Proxies as values: on their way through queues and dicts, and back.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use pymanager::pickle::Value;
use pymanager::*;

use crate::support::*;

#[test]
fn a_proxy_in_a_queue_comes_out_as_the_same_object() {
    let master = Master::start();
    let client = master.client();
    let lists: RemoteQueue = client.queue("Queue").unwrap();
    let list: RemoteList<i64> = client.remote("list", &[]).unwrap();
    lists.put(&list.handle().to_value()).unwrap();
    list.push(&1).unwrap();
    let token = list.handle().token().clone();
    // The queue keeps it alive.
    drop(list);
    let found = client.proxy(&lists.get().unwrap()).unwrap();
    assert_eq!(found.token(), &token);
    assert!(found.methods().iter().any(|name| name == "append"));
    assert_eq!(RemoteList::<i64>::from(found).to_vec().unwrap(), [1]);
    drop(lists);
    assert_eq!(client.number_of_objects().unwrap(), 0);
    assert!(matches!(
        client.proxy(&token.to_value()),
        Err(Error::Refused(_))
    ));
    assert!(matches!(
        client.proxy(&Value::none()),
        Err(Error::Protocol(_))
    ));
}

/// One that is registered travels with the names of its methods.
#[test]
fn a_proxy_of_a_registered_object_names_its_methods() {
    let scores = SharedDict::<String, i64>::new();
    let server = Manager::new(key())
        .register("scores", &scores)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    let client = Client::connect(server.address(), &key()).unwrap();
    let proxy = client.create("scores", &[]).unwrap();
    let again = client.proxy(&proxy.to_value()).unwrap();
    assert_eq!(again.methods(), proxy.methods());
    let address = Address::Tcp("127.0.0.1".into(), server.address().port());
    assert_eq!(proxy.token().address(), &address);
}

/// A condition over a lock that somebody else uses as well.
#[test]
fn a_condition_is_made_over_a_lock() {
    let master = Master::start();
    let client = master.client();
    let lock: RemoteLock = client.remote("RLock", &[]).unwrap();
    let over = [lock.handle().to_value()];
    let changed: RemoteCondition = client.remote("Condition", &over).unwrap();
    let held = changed.acquire().unwrap();
    assert!(lock.try_acquire().unwrap().is_none());
    drop(held);
    assert!(lock.try_acquire().unwrap().is_some());
}

/// A manager that takes connections and says nothing any more does not hold up
/// whoever drops a proxy.
#[test]
fn dropping_a_proxy_does_not_wait_for_a_manager_that_hangs() {
    let master = Master::start();
    let front = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = front.local_addr().unwrap();
    let behind = master.address();
    // Passes all on but the request that takes a reference back.
    thread::spawn(move || {
        for near in front.incoming() {
            let (near, far) = (near.unwrap(), TcpStream::connect(behind).unwrap());
            let (from, back) = (far.try_clone().unwrap(), near.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut &from, &mut &back));
            thread::spawn(move || pass_on(near, far));
        }
    });
    let mut patience = Patience::default();
    patience.answer = Duration::from_secs(1_000);
    let client = ClientBuilder::new(key()).patience(patience);
    let client = client.connect(address).unwrap();
    let proxy = client.create("list", &[]).unwrap();
    let dropped = thread::spawn(move || drop(proxy));
    until("it is dropped", || dropped.is_finished());
}

fn pass_on(mut near: TcpStream, mut far: TcpStream) {
    let mut bytes = [0; 4096];
    loop {
        let count = near.read(&mut bytes).unwrap_or(0);
        let decref = bytes[..count].windows(6).any(|word| word == b"decref");
        if count == 0 || decref {
            // It is read and never answered.
            return thread::park();
        }
        far.write_all(&bytes[..count]).unwrap();
    }
}
