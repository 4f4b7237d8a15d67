//! A master and its workers: two queues, and what each worker has done.

use std::thread;
use std::time::Duration;

use multiproc::process::Process;
use multiproc::queue::Error;
use multiproc::queue::process::Queue;

use crate::svg::{BLUE, GREEN, PURPLE, Svg};

const WORKERS: usize = 3;
const TASKS: u32 = 10;

/// Has three workers do ten tasks, and draws who did how many.
pub(crate) fn draw() -> anyhow::Result<String> {
    let tasks: Queue<u32> = Queue::new()?;
    let results: Queue<(usize, u32)> = Queue::new()?;
    let work = |number: usize| loop {
        match tasks.get() {
            Ok(task) => {
                thread::sleep(Duration::from_millis(10));
                results.put(&(number, task * task))?;
            }
            Err(Error::Closed) => return Ok(()),
            Err(error) => return Err(error),
        }
    };
    let workers = (0..WORKERS).map(|number| Process::spawn("worker", move || work(number)));
    let workers = workers.collect::<Result<Vec<_>, _>>()?;
    (0..TASKS).try_for_each(|task| tasks.put(&task))?;
    tasks.close();
    let mut done = [0; WORKERS];
    for _ in 0..TASKS {
        done[results.get()?.0] += 1;
    }
    let pids: Vec<u32> = workers.iter().map(Process::pid).collect();
    workers.iter().try_for_each(Process::join_success)?;
    Ok(picture(&done, &pids))
}

fn picture(done: &[u32; WORKERS], pids: &[u32]) -> String {
    let mut svg = Svg::new(
        (700.0, 250.0),
        "A master, a queue of tasks, three workers, a queue of results",
    );
    svg.labelled((10.0, 95.0), (140.0, 60.0), BLUE, "master");
    svg.text((10.0, 178.0), format!("process {}", std::process::id()));
    svg.labelled((230.0, 45.0), (150.0, 40.0), PURPLE, "tasks");
    svg.labelled((230.0, 165.0), (150.0, 40.0), PURPLE, "results");
    svg.arrow((150.0, 110.0), (228.0, 68.0));
    svg.arrow((228.0, 182.0), (152.0, 142.0));
    svg.centered((305.0, 35.0), format!("{TASKS} put by the master"));
    svg.centered((305.0, 228.0), format!("{TASKS} got by the master"));
    for (number, (done, pid)) in done.iter().zip(pids).enumerate() {
        let y = 20.0 + 75.0 * number as f64;
        let label = format!("worker {pid}: {done} tasks");
        svg.labelled((480.0, y), (210.0, 55.0), GREEN, label);
        svg.arrow((380.0, 65.0), (478.0, y + 20.0));
        svg.arrow((478.0, y + 36.0), (382.0, 185.0));
    }
    svg.finish()
}
