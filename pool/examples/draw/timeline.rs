//! The timeline of a pool: a row for each worker, a bar for each task.

use std::collections::BTreeMap;
use std::process;
use std::time::Duration;

use anyhow::bail;
use common::nap::Naps;
use multiproc::pool::Pool;
use serde::{Deserialize, Serialize};

use crate::clock::now;
use crate::svg::{BLUE, GREEN, Svg};

const TASKS: u32 = 5;
const WORKERS: usize = 4;
const LONGEST: Duration = Duration::from_secs(3);
/// Naps of different lengths: who is free first shows.
const SEED: u64 = 11;

const LEFT: f64 = 145.0;
const WIDTH: f64 = 525.0;
const ROW: f64 = 46.0;

#[derive(Serialize, Deserialize)]
struct Done {
    pid: u32,
    start: Duration,
    end: Duration,
}

/// A run: its beginning, its length, its tasks.
struct Run {
    began: Duration,
    whole: Duration,
    tasks: Vec<Done>,
}

/// Runs the recipe's tasks, which tell when they began and ended.
pub(crate) fn draw() -> anyhow::Result<String> {
    for _ in 0..5 {
        let run = run()?;
        let rows: BTreeMap<u32, f64> = run.tasks.iter().map(|task| (task.pid, 0.0)).collect();
        // On a busy machine a worker may come too late for the first tasks,
        // which is not what the picture is about.
        if rows.len() == WORKERS {
            return Ok(picture(&run, rows));
        }
    }
    bail!("some worker was never given a task")
}

fn run() -> anyhow::Result<Run> {
    let naps = Naps::new(Some(SEED), LONGEST);
    let began = now()?;
    let pool = Pool::new(WORKERS, |task: u32| {
        let start = now().map_err(|error| error.to_string())?;
        naps.take(u64::from(task));
        let end = now().map_err(|error| error.to_string())?;
        Ok::<_, String>(Done {
            pid: process::id(),
            start,
            end,
        })
    })?;
    let results: Vec<_> = (0..TASKS).map(|task| pool.apply_async(task)).collect();
    let mut tasks = Vec::new();
    for result in results {
        tasks.push(result.get()?.map_err(anyhow::Error::msg)?);
    }
    pool.close().join()?;
    let whole = now()? - began;
    Ok(Run {
        began,
        whole,
        tasks,
    })
}

fn picture(run: &Run, mut rows: BTreeMap<u32, f64>) -> String {
    let Run {
        began,
        whole,
        tasks,
    } = run;
    let scale = WIDTH / whole.as_secs_f64();
    let at = |time: Duration| LEFT + (time.saturating_sub(*began)).as_secs_f64() * scale;
    for (number, y) in rows.values_mut().enumerate() {
        *y = 60.0 + ROW * number as f64;
    }
    let bottom = 60.0 + ROW * rows.len() as f64;
    let mut svg = Svg::new(
        (700.0, bottom + 45.0),
        "A run of a pool: a row for each worker, a bar for each task",
    );
    svg.text((10.0, 35.0), format!("parent {}", process::id()));
    svg.labelled((LEFT, 12.0), (WIDTH, 34.0), BLUE, "waits in join");
    for (pid, y) in &rows {
        svg.text((10.0, y + 23.0), format!("worker {pid}"));
        svg.outline((LEFT, *y), (WIDTH, 34.0), GREEN, true);
    }
    for (number, task) in tasks.iter().enumerate() {
        let (from, to) = (at(task.start), at(task.end));
        let size = ((to - from - 2.0).max(3.0), 34.0);
        let label = match size.0 {
            60.0.. => format!("task {number}"),
            _ => number.to_string(),
        };
        svg.labelled((from, rows[&task.pid]), size, GREEN, label);
    }
    svg.line((LEFT, bottom + 4.0), (LEFT + WIDTH, bottom + 4.0), false);
    for half in 0..=whole.as_millis() as u64 / 500 {
        let time = Duration::from_millis(500 * half);
        let x = at(*began + time);
        svg.line((x, bottom + 4.0), (x, bottom + 10.0), false);
        svg.centered((x, bottom + 28.0), format!("{:.1} s", time.as_secs_f64()));
    }
    svg.finish()
}
