//! A server that may not write any more, on a small file system in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jetstream_tasks::{Error, Queue, Settings};
use support::{DEADLINE, Server, name};
use tempfile::TempDir;

/// A file system of its own. Dropping it takes it away.
struct Disk(TempDir);

impl Disk {
    /// None where this user may not mount one.
    fn of_mib(size: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let made = mount(&format!("size={size}m"), folder.path());
        if !made {
            eprintln!("skipped: a tmpfs cannot be mounted here (it takes root)");
        }
        made.then_some(Disk(folder))
    }

    fn grow_to_mib(&self, size: u32) {
        assert!(mount(&format!("remount,size={size}m"), self.0.path()));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the server may still have files there.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn mount(options: &str, at: &Path) -> bool {
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(at)
        .output();
    mount.is_ok_and(|output| output.status.success())
}

fn small() -> Settings {
    Settings::new()
        .timeout(Duration::from_secs(3))
        .ack_wait(Duration::from_secs(2))
}

/// Puts until that fails: how often it did not.
fn fill(queue: &Queue<String>) -> (u64, Error) {
    let value = "x".repeat(100_000);
    for put in 0..1_000 {
        if let Err(error) = queue.put(&value) {
            return (put, error);
        }
    }
    panic!("the disk does not fill");
}

fn serve(disk: &Disk, limit: &str) -> (Server, Queue<String>) {
    let server = Server::with_config(&format!(
        "jetstream {{ store_dir: {:?}, max_file_store: {limit} }}",
        disk.0.path()
    ));
    let queue = Queue::open(&server.address, &name(), &small()).unwrap();
    (server, queue)
}

/// It finds out by trying, and does nothing any more: 2.9.10 does not even end when
/// it is told to.
#[test]
#[ignore = "needs nats-server"]
fn what_was_put_before_the_disk_was_full_is_there_when_there_is_room() {
    let Some(disk) = Disk::of_mib(8) else { return };
    let (mut server, queue) = serve(&disk, "1GB");
    let (put, error) = fill(&queue);
    assert!(put > 10, "{put}");
    server.kill();
    disk.grow_to_mib(64);
    server.restart();
    // The one that failed may be there, too.
    let waiting = queue.stats().unwrap().waiting;
    assert!(
        (put..=put + 1).contains(&waiting),
        "{put}, {waiting}: {error}"
    );
    for _ in 0..waiting {
        queue.get(DEADLINE).unwrap().done(&0).unwrap();
    }
    queue.join(DEADLINE).unwrap();
    assert_eq!(queue.stats().unwrap().done, waiting);
}

/// Its own limit for all queues together holds for outcomes, too.
#[test]
#[ignore = "needs nats-server"]
fn a_server_at_its_own_limit_refuses_and_loses_nothing() {
    let Some(disk) = Disk::of_mib(8) else { return };
    let (_server, queue) = serve(&disk, "4MB");
    let (put, error) = fill(&queue);
    assert!(
        put > 10 && matches!(error, Error::Full(_)),
        "{put}: {error}"
    );
    let refused = queue.get(DEADLINE).unwrap().done(&0);
    assert!(matches!(refused, Err(Error::Full(_))), "{refused:?}");
    let stats = queue.stats().unwrap();
    assert_eq!((stats.waiting, stats.done), (put, 0));
}
