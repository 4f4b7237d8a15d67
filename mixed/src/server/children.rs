//! Who is there, who is to go, and who is to come.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use common::{complain, say, timeline};
use multiproc::process::{ExitStatus, Process};
use rustix::process::{Signal, pidfd_send_signal};

use super::Settings;
use super::board::{Board, PLACES};
use super::worker::Worker;

/// A child that ends sooner than this has crashed at once.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How long to wait after the first child that crashed at once; twice as long
/// after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How often that is doubled at most.
const DOUBLINGS: u32 = 7;

struct Child {
    process: Process,
    place: usize,
    generation: u32,
    born: Instant,
    /// It was told to go, and is killed then.
    leaves_by: Option<Instant>,
}

/// The children of one server. Dropping it ends them all.
pub(super) struct Children<'a> {
    listener: &'a TcpListener,
    settings: &'a Settings,
    board: &'a Board,
    children: Vec<Child>,
    wanted: usize,
    generation: u32,
    /// Children that crashed at once, one after the other.
    crashes: u32,
    not_before: Instant,
    ending: bool,
}

impl<'a> Children<'a> {
    pub(super) fn new(listener: &'a TcpListener, settings: &'a Settings, board: &'a Board) -> Self {
        Children {
            listener,
            settings,
            board,
            children: Vec::new(),
            wanted: usize::from(settings.processes),
            generation: 1,
            crashes: 0,
            not_before: Instant::now(),
            ending: false,
        }
    }

    pub(super) fn processes(&self) -> impl Iterator<Item = &Process> {
        self.children.iter().map(|child| &child.process)
    }

    pub(super) fn all_gone(&self) -> bool {
        self.ending && self.children.is_empty()
    }

    /// Reaps those that have ended, replaces those that hang, and brings the number
    /// to what it should be.
    // ANCHOR: look
    pub(super) fn look(&mut self) {
        self.reap();
        self.replace_hanging();
        self.kill_late();
        self.let_old_ones_go();
        let now = Instant::now();
        while !self.ending && self.staying().count() < self.wanted && now >= self.not_before {
            self.start();
        }
        while self.staying().count() > self.wanted {
            // The youngest: the others are warm.
            let last = self.children.iter().rposition(stays).unwrap_or_default();
            self.let_go(last);
        }
    }
    // ANCHOR_END: look

    /// Those that are meant to be there: of this generation, and not going.
    fn staying(&self) -> impl Iterator<Item = &Child> {
        let generation = self.generation;
        self.children
            .iter()
            .filter(move |child| stays(child) && child.generation == generation)
    }

    /// `SIGQUIT`: all may end what they are doing, and what waits to be accepted.
    pub(super) fn end(&mut self) {
        self.ending = true;
        // No further ones: those who connect now are told to try again.
        let _ = rustix::net::listen(self.listener, 0);
        self.board.set_ending();
        (0..self.children.len()).for_each(|index| self.let_go(index));
    }

    /// `SIGHUP`: a new generation, and the old one stays until that serves.
    pub(super) fn renew(&mut self) {
        self.generation += 1;
        self.say(&format!("generation {} begins", self.generation));
    }

    pub(super) fn want_more(&mut self) {
        self.wanted = (self.wanted + 1).min(PLACES / 2);
    }

    pub(super) fn want_less(&mut self) {
        self.wanted = self.wanted.saturating_sub(1).max(1);
    }

    fn start(&mut self) {
        let free = |place: &usize| self.children.iter().all(|child| child.place != *place);
        let Some(place) = (0..PLACES).find(free) else {
            return; // too many are still on their way out
        };
        self.board.clear(place);
        let (settings, generation) = (self.settings, self.generation);
        // Not all at once: see `Settings::requests`.
        let jitter = |most: u32| most.saturating_add(fastrand::u32(0..=most / 10));
        let worker = Worker {
            listener: self.listener,
            board: self.board,
            place,
            generation,
            threads: settings.threads,
            requests: settings.requests.map(jitter),
        };
        let started = Process::spawn("mixed-worker", || {
            if settings.crash {
                std::process::abort();
            }
            worker.run()
        });
        match started {
            Ok(process) => {
                let (pid, threads) = (process.pid(), settings.threads);
                self.say(&format!("process {pid} begins, with {threads} threads"));
                self.children.push(Child {
                    process,
                    place,
                    generation,
                    born: Instant::now(),
                    leaves_by: None,
                });
            }
            Err(error) => {
                complain!("mixed: {error}");
                self.pause();
            }
        }
    }

    fn reap(&mut self) {
        let mut index = 0;
        while index < self.children.len() {
            let child = &self.children[index];
            // A child that cannot be waited for is as good as gone.
            let status = match child.process.exit_status() {
                Ok(None) => {
                    index += 1;
                    continue;
                }
                Ok(Some(status)) => status.to_string(),
                Err(error) => error.to_string(),
            };
            let child = self.children.remove(index);
            let pid = child.process.pid();
            self.say(&format!("process {pid} {status}"));
            let well = matches!(child.process.exit_status(), Ok(Some(ExitStatus::Code(0))));
            if well || child.leaves_by.is_some() || child.born.elapsed() >= AT_ONCE {
                self.crashes = 0;
            } else {
                self.pause();
            }
        }
    }

    /// Puts off the next start. Otherwise the parent would do nothing but start
    /// children that crash at once.
    fn pause(&mut self) {
        let pause = FIRST_PAUSE * 2_u32.pow(self.crashes.min(DOUBLINGS));
        let pause = pause.min(LONGEST_PAUSE);
        self.crashes += 1;
        self.not_before = Instant::now() + pause;
        let seconds = pause.as_secs_f64();
        self.say(&format!("the next one in {seconds:.1} s"));
    }

    fn replace_hanging(&mut self) {
        for index in 0..self.children.len() {
            let child = &self.children[index];
            if stays(child) && self.board.hangs(child.place, self.settings.hang) {
                let pid = child.process.pid();
                self.say(&format!("process {pid} hangs, and is replaced"));
                self.let_go(index);
            }
        }
    }

    fn kill_late(&self) {
        let late = |child: &&Child| child.leaves_by.is_some_and(|by| Instant::now() >= by);
        for child in self.children.iter().filter(late) {
            // One that has gone meanwhile is reaped in the next turn.
            let _ = child.process.kill();
        }
    }

    /// Those of an older generation, once all of the new one serve.
    fn let_old_ones_go(&mut self) {
        let serving = self
            .staying()
            .filter(|child| self.board.serves(child.place));
        if serving.count() < self.wanted {
            return;
        }
        for index in 0..self.children.len() {
            if self.children[index].generation != self.generation {
                self.let_go(index);
            }
        }
    }

    fn let_go(&mut self, index: usize) {
        let child = &mut self.children[index];
        if child.leaves_by.is_none() {
            child.leaves_by = Some(Instant::now() + self.settings.grace);
            let _ = pidfd_send_signal(&child.process, Signal::QUIT);
        }
    }

    fn say(&self, text: &str) {
        match self.settings.say {
            true => say!("{text}"),
            false => timeline::mark(format_args!("{text}")),
        }
    }
}

fn stays(child: &Child) -> bool {
    child.leaves_by.is_none()
}
