//! Workers that die, do not come, or mean ill.

use super::*;

#[test]
fn a_worker_that_dies_costs_its_task_an_error_and_no_other() {
    let server = manager(patient());
    let pool = make(&server, "Pool", &[]);
    let mut client = connect(&server);
    let (mut dies, mut lives) = (Worker::enter(&server), Worker::enter(&server));
    let items = [function(), numbers(0..2), 1.into()];
    let results = ask_for_proxy(&mut client, &pool, "imap", &items);
    assert!(dies.take().contains("[0]"));
    assert!(lives.take().contains("[1]"));
    lives.answer(&[1]);
    drop(dies);
    client.send(Some(&results), "__next__", &[]);
    let (kind, text) = client.reply();
    assert_eq!(kind, "#ERROR");
    assert!(
        text.contains("ProcessError('the worker w has ended"),
        "{text}"
    );
    assert_eq!(
        client.ask(Some(&results), "__next__", &[]).as_i64(),
        Some(1)
    );
    client.send(Some(&results), "__next__", &[]);
    assert!(client.reply().1.contains("StopIteration"));
    // What it died of is told, where somebody knows.
    client.send(Some(&pool), "apply", &[function()]);
    lives.task();
    let how = ["was killed by SIGKILL".into()];
    lives.raw.ask(Some(&lives.ident.clone()), "died", &how);
    assert!(
        client
            .reply()
            .1
            .contains("the worker w was killed by SIGKILL")
    );
}

#[test]
fn a_task_is_done_anew_as_often_as_the_server_allows() {
    let server = manager(Limits {
        pool_retries: 1,
        ..patient()
    });
    let pool = make(&server, "Pool", &[]);
    let mut client = connect(&server);
    for deaths in [1, 2] {
        client.send(Some(&pool), "map", &[function(), numbers(0..3), 9.into()]);
        for _ in 0..deaths {
            let mut dies = Worker::enter(&server);
            assert!(dies.take().contains("[0, 1, 2]"));
        }
        if deaths == 1 {
            let mut lives = Worker::enter(&server);
            assert!(lives.take().contains("[0, 1, 2]"));
            lives.finish(true, &numbers(0..3));
            assert_eq!(client.reply().1, "[0, 1, 2]");
        } else {
            assert!(client.reply().1.contains("ProcessError"));
        }
    }
}

#[test]
fn without_workers_a_pool_says_so() {
    let server = manager(Limits {
        pool_patience: Duration::ZERO,
        ..Limits::default()
    });
    let pool = make(&server, "Pool", &[]);
    let mut client = connect(&server);
    let says_so = |client: &mut Raw| {
        let (kind, text) = client.reply();
        assert_eq!(kind, "#ERROR");
        assert!(text.contains("no worker has come"), "{text}");
    };
    client.send(Some(&pool), "apply", &[function()]);
    says_so(&mut client);
    let result = ask_for_proxy(&mut client, &pool, "apply_async", &[function()]);
    // A program that only ever looks hears of it, too.
    assert!(client.ask(Some(&result), "ready", &[]).is_truthy());
    client.send(Some(&result), "get", &[]);
    says_so(&mut client);
    // One that waits already, when the last worker goes; alone, and with one
    // that joins.
    let mut worker = Worker::enter(&server);
    let map = [function(), numbers(0..2), 1.into()];
    let result = ask_for_proxy(&mut client, &pool, "map_async", &map);
    worker.take();
    client.send(Some(&result), "wait", &[]);
    wait_until_waiting(&server, &client);
    drop(worker);
    assert_eq!(client.reply().1, "None");
    let mut worker = Worker::enter(&server);
    let result = ask_for_proxy(&mut client, &pool, "map_async", &map);
    worker.take();
    client.send(Some(&result), "wait", &[]);
    let mut joiner = connect(&server);
    joiner.ask(Some(&pool), "close", &[]);
    joiner.send(Some(&pool), "join", &[]);
    wait_until_waiting(&server, &client);
    wait_until_waiting(&server, &joiner);
    drop(worker);
    assert_eq!(client.reply().1, "None");
    assert_eq!(joiner.reply().1, "None");
    client.send(Some(&result), "get", &[]);
    assert_eq!(client.reply().0, "#ERROR");
}

#[test]
fn a_worker_that_lies_costs_its_own_task_at_most() {
    let server = manager(patient());
    let pool = make(&server, "Pool", &[]);
    let mut client = connect(&server);
    let mut worker = Worker::enter(&server);
    // An outcome of nothing.
    worker.finish(true, &numbers(0..9));
    for lie in [numbers(0..9), 5.into(), Value::none()] {
        client.send(Some(&pool), "map", &[function(), numbers(0..2), 2.into()]);
        worker.take();
        worker.finish(true, &lie);
        let (kind, text) = client.reply();
        assert_eq!(kind, "#ERROR");
        assert!(text.contains("a result for each item"), "{text}");
    }
    // Somebody who is no worker gets no task, and his words mean nothing.
    let mut stranger = connect(&server);
    let ident = worker.ident.clone();
    stranger.ask(Some(&ident), "died", &["of boredom".into()]);
    stranger.send(Some(&ident), "next", &[]);
    assert!(stranger.ends());
}

#[test]
fn a_task_whose_worker_never_got_it_goes_to_another() {
    let server = manager(patient());
    let pool = make(&server, "Pool", &[]);
    let mut client = connect(&server);
    let worker = Worker::enter(&server);
    let mut raw = worker.raw;
    raw.send(Some(&worker.ident), "next", &[]);
    wait_until_waiting(&server, &raw);
    drop(raw);
    until("it has left", || server.status().connections.len() < 3);
    client.send(Some(&pool), "apply", &[function()]);
    let mut other = Worker::enter(&server);
    other.take();
    other.answer(&[1]);
    assert_eq!(client.reply().1, "1");
}
