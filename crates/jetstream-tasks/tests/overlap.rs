//! Two that make a queue at once: what the server then says to one of them, said
//! by a server of the test's own, since a real one says it once in a thousand
//! times (seen with 2.9.10, sixteen at once).
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::StreamExt;
use jetstream_tasks::{Error, Queue, Settings};
use serde_json::{Value, json};
use support::Server;
use tokio::runtime::Builder;

/// Plays JetStream: each stream overlaps with another as often as told, and is
/// made then.
fn play(server: &str, overlaps: u32) {
    let (server, asked) = (server.to_string(), Arc::new(AtomicU32::new(0)));
    let (ready, told) = std::sync::mpsc::channel();
    // Ends with the test's process.
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = async_nats::connect(server).await.unwrap();
            let mut requests = client.subscribe("$JS.API.>").await.unwrap();
            client.flush().await.unwrap();
            ready.send(()).unwrap();
            let mut description = String::new();
            while let Some(request) = requests.next().await {
                let operation = request.subject.trim_start_matches("$JS.API.");
                let answer = if operation.starts_with("STREAM.CREATE.") {
                    let config: Value = serde_json::from_slice(&request.payload).unwrap();
                    if asked.fetch_add(1, Ordering::Relaxed) % (overlaps + 1) < overlaps {
                        json!({"error": {"code": 400, "err_code": 10065,
                            "description": "subjects overlap with an existing stream"}})
                    } else {
                        if let Some(text) = config["description"].as_str() {
                            description = text.to_string();
                        }
                        json!({})
                    }
                } else if operation.starts_with("STREAM.INFO.") && description.is_empty() {
                    json!({"error": {"code": 404, "err_code": 10059,
                        "description": "stream not found"}})
                } else {
                    json!({"config": {"description": description}})
                };
                let reply = request.reply.unwrap();
                let answer = answer.to_string().into();
                client.publish(reply, answer).await.unwrap();
            }
        });
    });
    told.recv().unwrap();
}

#[test]
#[ignore = "needs nats-server"]
fn subjects_that_overlap_for_a_moment_are_ones_own() {
    let server = Server::without_jetstream();
    play(&server.address, 3);
    Queue::<u64>::open(&server.address, "queue", &Settings::new()).unwrap();
}

#[test]
#[ignore = "needs nats-server"]
fn subjects_that_go_on_to_overlap_are_somebody_elses() {
    let server = Server::without_jetstream();
    play(&server.address, u32::MAX - 1);
    let error = Queue::<u64>::open(&server.address, "queue", &Settings::new()).unwrap_err();
    assert!(
        matches!(error, Error::Server { code: 10065, .. }),
        "{error}"
    );
}
