//! The processes of a pool, as the system lists them, and the queues between.

use std::fs;

use anyhow::{Context, ensure};
use multiproc::pool::Pool;

use crate::svg::{BLUE, GREEN, PURPLE, Svg};

const WORKERS: usize = 4;

/// Makes a pool and draws whose child each of its processes is.
pub(crate) fn draw() -> anyhow::Result<String> {
    let pool = Pool::new(WORKERS, |n: u32| n)?;
    let own = std::process::id();
    let [helper] = children(own)?[..] else {
        anyhow::bail!("a pool has one helper");
    };
    let workers = children(helper)?;
    ensure!(workers.len() == WORKERS, "{workers:?}");
    let picture = picture(own, helper, &workers);
    pool.close().join()?;
    Ok(picture)
}

/// The children of a process that has one thread (proc_pid_task(5)).
fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let list = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    Ok(list
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?)
}

fn picture(own: u32, helper: u32, workers: &[u32]) -> String {
    let mut svg = Svg::new(
        (700.0, 300.0),
        "The program, its helper, the helper's workers, and the two queues",
    );
    svg.labelled((10.0, 20.0), (170.0, 45.0), BLUE, format!("program {own}"));
    svg.labelled(
        (10.0, 225.0),
        (170.0, 45.0),
        BLUE,
        format!("helper {helper}"),
    );
    svg.arrow((95.0, 65.0), (95.0, 223.0));
    svg.text((103.0, 150.0), "forks, once");
    for (number, worker) in workers.iter().enumerate() {
        let y = 40.0 + 62.0 * number as f64;
        svg.labelled((500.0, y), (190.0, 45.0), GREEN, format!("worker {worker}"));
        svg.line((180.0, 247.0), (498.0, y + 36.0), true);
    }
    svg.labelled((250.0, 15.0), (160.0, 36.0), PURPLE, "task queue");
    svg.labelled((250.0, 65.0), (160.0, 36.0), PURPLE, "reply queue");
    svg.arrow((180.0, 33.0), (248.0, 33.0));
    svg.arrow((248.0, 82.0), (182.0, 55.0));
    svg.arrow((410.0, 33.0), (498.0, 52.0));
    svg.arrow((498.0, 64.0), (412.0, 82.0));
    svg.text((190.0, 290.0), "dashed: forks it, waits for its end");
    svg.finish()
}
