//! An encrypted connection, to a server whose certificate is of its own making.
#![cfg(feature = "tls")]
#![forbid(unsafe_code)]

mod support;

use std::path::PathBuf;
use std::process::Command;

use jetstream_tasks::Settings;
use support::{DEADLINE, Effects, Server, name};
use tempfile::TempDir;

/// A certificate for 127.0.0.1 and its key, which nobody else vouches for.
fn certificate(folder: &TempDir) -> [PathBuf; 2] {
    let files = ["certificate", "key"].map(|name| folder.path().join(name));
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args(["-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-out")
        .arg(&files[0])
        .arg("-keyout")
        .arg(&files[1])
        .output();
    let made = made.expect("`openssl` has to be installed");
    assert!(made.status.success(), "{made:?}");
    files
}

#[test]
#[ignore = "needs nats-server and openssl"]
fn a_worker_over_tls_does_what_was_put_and_a_stranger_is_refused() {
    let (folder, effects, name) = (TempDir::new().unwrap(), Effects::new(), name());
    let [certificate, key] = certificate(&folder);
    let server = Server::with_config(&format!(
        "tls {{ cert_file: {certificate:?}, key_file: {key:?} }}\nallow_non_tls: true"
    ));
    let queue = server.queue(&name, &Settings::new());
    let id = queue.put(&4).unwrap();
    let address = format!("tls://{}", server.address);
    // The system's certificates do not vouch for it.
    let run = effects.worker_program(&address, &name, "").run();
    assert!(!run.status.success());
    assert!(run.stderr.contains("certificate"), "{}", run.stderr);
    let mut worker = effects
        .worker_program(&address, &name, "")
        .env("SSL_CERT_FILE", &certificate)
        .start();
    assert_eq!(worker.next_line(), "ready");
    assert_eq!(queue.result::<u64>(&id, DEADLINE).unwrap(), 8);
}
