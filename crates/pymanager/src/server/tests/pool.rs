//! Pools, with workers of ours that do as told.

mod deaths;
mod errands;

mod ill;

use super::types::{connect, forget, make, manager, objects, proxy};
use super::*;

fn patient() -> Limits {
    Limits {
        pool_patience: LONG,
        ..Limits::default()
    }
}

/// A connection that does tasks.
struct Worker {
    raw: Raw,
    ident: String,
}

impl Worker {
    fn enter(server: &Server) -> Worker {
        let ident = make(server, "PoolWorkers", &[]);
        let mut raw = connect(server);
        raw.ask(Some(&ident), "enter", &["w".into()]);
        Worker { raw, ident }
    }

    /// The next task, in Python's words.
    fn take(&mut self) -> String {
        self.raw.send(Some(&self.ident), "next", &[]);
        self.task()
    }

    fn task(&mut self) -> String {
        self.raw.reply().1
    }

    /// Answers with these results, and takes the next task.
    fn answer(&mut self, results: &[i64]) {
        let results: Vec<Value> = results.iter().map(|one| (*one).into()).collect();
        let args = [true.into(), Value::list(&results)];
        self.raw.send(Some(&self.ident), "next", &args);
    }

    /// Answers, and takes nothing more.
    fn finish(&mut self, ok: bool, value: &Value) {
        let args = [ok.into(), value.clone()];
        self.raw.ask(Some(&self.ident), "finish", &args);
    }
}

fn function() -> Value {
    Value::global("mod", "f")
}

fn numbers(of: std::ops::Range<i64>) -> Value {
    Value::list(&of.map(Value::from).collect::<Vec<_>>())
}

/// The result of an asynchronous call: its identifier.
fn ident_of_proxy(reply: &Value) -> String {
    let reply = Reply::of(reply).unwrap();
    assert_eq!(reply.kind, "#PROXY", "{}", reply.value.repr(500));
    crate::object::ident_of_token(&reply.value.as_sequence().unwrap().get(1).unwrap()).unwrap()
}

fn ask_for_proxy(raw: &mut Raw, ident: &str, method: &str, args: &[Value]) -> String {
    raw.send(Some(ident), method, args);
    ident_of_proxy(&raw.receive().unwrap().unwrap())
}

fn wait_until_waiting(server: &Server, raw: &Raw) {
    let peer = raw.stream().local_addr().unwrap();
    let connection = server.state.connections.of_peer(peer).unwrap();
    until("it waits", || {
        connection.caller.get().is_some_and(|one| one.is_waiting())
    });
}

#[test]
fn a_map_is_shared_out_and_comes_back_in_order() {
    let server = manager(patient());
    let pool = make(&server, "Pool", &[3.into()]);
    let mut client = connect(&server);
    client.send(Some(&pool), "map", &[function(), numbers(0..5), 2.into()]);
    let mut workers: Vec<_> = (0..3).map(|_| Worker::enter(&server)).collect();
    let tasks: Vec<_> = workers.iter_mut().map(Worker::take).collect();
    assert_eq!(tasks[0], "('map', <class 'mod.f'>, [0, 1], None, False)");
    assert_eq!(tasks[1], "('map', <class 'mod.f'>, [2, 3], None, False)");
    assert_eq!(tasks[2], "('map', <class 'mod.f'>, [4], None, False)");
    workers[2].answer(&[40]);
    workers[1].finish(true, &Value::list(&[20.into(), 30.into()]));
    workers[0].finish(true, &Value::list(&[0.into(), 10.into()]));
    assert_eq!(client.reply().1, "[0, 10, 20, 30, 40]");
    // And one call, with keywords.
    let args = Value::tuple([&5.into()]);
    client.send(Some(&pool), "apply", &[function(), args]);
    let task = workers[2].task();
    assert_eq!(task, "('apply', <class 'mod.f'>, ((5,), {}), None, False)");
    workers[2].answer(&[55]);
    assert_eq!(client.reply().1, "55");
}

#[test]
fn terminate_stops_those_at_work_and_those_who_wait() {
    let server = manager(patient());
    let pool = make(&server, "Pool", &[]);
    let mut client = connect(&server);
    let (mut busy, mut other) = (Worker::enter(&server), Worker::enter(&server));
    let map = [function(), numbers(0..5), 1.into()];
    let result = ask_for_proxy(&mut client, &pool, "map_async", &map);
    busy.take();
    let mut waiter = connect(&server);
    waiter.send(Some(&result), "get", &[]);
    wait_until_waiting(&server, &waiter);
    client.send(Some(&pool), "join", &[]);
    assert!(client.reply().1.contains("Pool is still running"));
    client.ask(Some(&pool), "terminate", &[]);
    client.ask(Some(&pool), "join", &[]);
    assert!(waiter.reply().1.contains("the pool was terminated"));
    // The one that was at work is hung up on; the others stay for other pools.
    assert!(busy.raw.ends());
    let next = make(&server, "Pool", &[]);
    client.send(Some(&next), "map", &[function(), numbers(7..8)]);
    assert!(other.take().contains("[7]"));
    other.answer(&[7]);
    assert_eq!(client.reply().1, "[7]");
    client.send(Some(&pool), "map", &[function(), numbers(7..8)]);
    assert!(client.reply().1.contains("Pool not running"));
}

#[test]
fn a_pool_has_no_more_at_work_than_its_processes_and_pools_take_turns() {
    let server = manager(patient());
    let small = make(&server, "Pool", &[1.into()]);
    let mut client = connect(&server);
    let map = |of| [function(), numbers(of), 1.into()];
    ask_for_proxy(&mut client, &small, "map_async", &map(0..100));
    let mut first = Worker::enter(&server);
    assert!(first.take().contains("[0]"));
    let mut second = Worker::enter(&server);
    second.raw.send(Some(&second.ident.clone()), "next", &[]);
    wait_until_waiting(&server, &second.raw);
    // Another pool's task overtakes those of one that has all it may have.
    let other = make(&server, "Pool", &[]);
    ask_for_proxy(&mut client, &other, "map_async", &map(100..200));
    assert!(second.task().contains("[100]"));
    first.answer(&[0]);
    let task = first.task();
    second.answer(&[0]);
    let turns = [task, second.task()];
    assert!(turns.iter().any(|task| task.contains("[1]")), "{turns:?}");
    assert!(turns.iter().any(|task| task.contains("[101]")), "{turns:?}");
}

#[test]
fn a_pool_is_forgotten_when_it_has_done_its_work() {
    let server = manager(Limits {
        memory: 1 << 20,
        ..patient()
    });
    let pool = make(&server, "Pool", &[]);
    let mut client = connect(&server);
    let big = Value::bytes(&vec![0; 300 << 10]);
    let call = [function(), Value::tuple([&big])];
    let results: Vec<_> = (0..3)
        .map(|_| ask_for_proxy(&mut client, &pool, "apply_async", &call))
        .collect();
    client.send(Some(&pool), "apply_async", &call);
    assert!(client.reply().1.contains("MemoryError"));
    forget(&server, &pool);
    // It goes on without anybody who refers to it.
    let mut worker = Worker::enter(&server);
    for _ in &results {
        worker.take();
        worker.finish(true, &numbers(0..1));
    }
    for result in &results {
        assert_eq!(client.ask(Some(result), "get", &[]).as_i64(), Some(0));
        forget(&server, result);
    }
    until("nothing is kept", || server.memory() == 0);
    assert_eq!(objects(&server), 1, "PoolWorkers alone");
}
