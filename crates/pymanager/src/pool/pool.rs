//! `Pool`, as clients call it.

use std::sync::Arc;

use super::board::{Board, Phase, Terms, not_running};
use super::callback::Callback;
use super::job::{Asked, Job, Mode};
use super::result::{AsyncResult, ResultIterator, outcome, wait_for};
use super::source::Source;
use crate::object::{Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature};
use crate::status::ObjectStatus;
use inert_pickle::{Kind, Value};
use multiproc::deadline::Deadline;

/// One pool: a name for what it has taken on, which the board knows.
#[derive(Debug)]
pub(crate) struct PoolObject {
    board: Arc<Board>,
    number: u64,
    size: Option<usize>,
}

/// The parameters of the class.
pub(crate) fn parameters() -> Signature {
    const NAMES: &[&str] = &[
        "processes",
        "initializer",
        "initargs",
        "maxtasksperchild",
        "context",
    ];
    Signature::named(NAMES, 0)
}

/// Makes a pool, as calling its class does.
pub(crate) fn new_pool(board: &Arc<Board>, call: &mut Call<'_>) -> Result<Served, Exception> {
    let at_least_one = |index: usize, text: &str| match call.get(index) {
        Some(value) if !value.is_none() => match value.as_i64() {
            Some(count) if count > 0 => Ok(Some(count as usize)),
            Some(_) => Err(Exception::value_error(text)),
            None => Err(Exception::type_error(format!(
                "'<' not supported between instances of '{}' and 'int'",
                value.type_name()
            ))),
        },
        _ => Ok(None),
    };
    let size = at_least_one(0, "Number of processes must be at least 1")?;
    let tasks = at_least_one(3, "maxtasksperchild must be a positive int or None")?;
    let initializer = match call.get(1) {
        Some(function) if !function.is_none() => {
            if !matches!(function.kind(), Kind::Global { .. } | Kind::Object(_)) {
                return Err(Exception::type_error("initializer must be a callable"));
            }
            let args = call.get(2).cloned().unwrap_or_else(|| Value::tuple([]));
            Some(call.keep_value(&Value::tuple([function, &args])))
        }
        _ => None,
    };
    let terms = Terms {
        size,
        initializer,
        tasks_per_worker: tasks.map(|tasks| tasks as u64),
    };
    Ok(Served::new(PoolObject {
        board: Arc::clone(board),
        number: board.open(terms),
        size,
    }))
}

impl Drop for PoolObject {
    fn drop(&mut self) {
        self.board.unrefer(self.number);
    }
}

/// `apply(func, args=(), kwds={})`
fn apply(
    pool: &PoolObject,
    call: &Call<'_>,
    callbacks: Option<usize>,
) -> Result<Arc<Job>, Exception> {
    let args = call.get(1).cloned().unwrap_or_else(|| Value::tuple([]));
    let kwds = call.get(2).cloned().unwrap_or_else(|| Value::dict([]));
    let items = Value::tuple([&args, &kwds]);
    submit(pool, call, Mode::Apply, items, 1, callbacks, (false, false))
}

/// `map(func, iterable, chunksize=None)`, and `starmap`.
fn map(
    pool: &PoolObject,
    call: &Call<'_>,
    mode: Mode,
    callbacks: Option<usize>,
) -> Result<Arc<Job>, Exception> {
    let chunk = chunk_size(call)?.unwrap_or(0);
    submit(
        pool,
        call,
        mode,
        call.value(1),
        chunk,
        callbacks,
        (false, false),
    )
}

/// `imap(func, iterable, chunksize=1)`
fn imap(pool: &PoolObject, call: &Call<'_>, unordered: bool) -> Outcome {
    let chunk = chunk_size(call)?.unwrap_or(1);
    let job = submit(
        pool,
        call,
        Mode::Map,
        call.value(1),
        chunk,
        None,
        (true, unordered),
    )?;
    let iterator = ResultIterator::new(Arc::clone(&pool.board), job);
    Ok(Answer::Proxy("Iterator", Served::new(iterator)))
}

fn chunk_size(call: &Call<'_>) -> Result<Option<usize>, Exception> {
    match call.get(2) {
        Some(size) if !size.is_none() => match size.as_i64() {
            Some(size) if size > 0 => Ok(Some(size as usize)),
            Some(size) => Err(Exception::value_error(format!(
                "Chunksize must be 1+, not {size}"
            ))),
            None => Err(Exception::type_error(format!(
                "'<' not supported between instances of '{}' and 'int'",
                size.type_name()
            ))),
        },
        _ => Ok(None),
    }
}

fn submit(
    pool: &PoolObject,
    call: &Call<'_>,
    mode: Mode,
    items: Value,
    chunk: usize,
    callbacks: Option<usize>,
    (streaming, unordered): (bool, bool),
) -> Result<Arc<Job>, Exception> {
    if pool.board.phase(pool.number) != Phase::Running {
        return Err(not_running());
    }
    let items = call.keep_value(&items);
    let source = match mode {
        Mode::Apply => Source::Items(Vec::new()),
        _ => Source::of(call, &items.value)?,
    };
    let callback = |index: Option<usize>| index.map_or(Ok(None), |at| Callback::of(call, at));
    let chunk = match chunk {
        // As Python chooses it.
        0 => source
            .len()
            .div_ceil(pool.board.size(pool.number).saturating_mul(4))
            .max(1),
        chunk => chunk,
    };
    let asked = Asked {
        mode,
        function: call.keep(0),
        items,
        source,
        chunk,
        unordered,
        streaming,
        callback: callback(callbacks)?,
        error_callback: callback(callbacks.map(|at| at + 1))?,
    };
    pool.board.submit(pool.number, asked, call)
}

/// The result of a job, when it is there.
fn result(pool: &PoolObject, call: &mut Call<'_>, job: &Arc<Job>) -> Outcome {
    match wait_for(&pool.board, job, call, Deadline::NEVER) {
        Some(_) => outcome(job),
        None => Ok(Answer::Nobody),
    }
}

fn later(pool: &PoolObject, job: Arc<Job>) -> Outcome {
    let result = AsyncResult::new(Arc::clone(&pool.board), job);
    Ok(Answer::Proxy("AsyncResult", Served::new(result)))
}

const MAP: Signature = Signature::named(&["func", "iterable", "chunksize"], 2);
const MAP_ASYNC: Signature = Signature::named(
    &[
        "func",
        "iterable",
        "chunksize",
        "callback",
        "error_callback",
    ],
    2,
);

static POOL: Class<PoolObject> = Class::new(
    "multiprocessing.pool.Pool",
    &[
        Method::new(
            "apply",
            Signature::named(&["func", "args", "kwds"], 1),
            |pool, call| {
                let job = apply(pool, call, None)?;
                result(pool, call, &job)
            },
        ),
        Method::new(
            "apply_async",
            Signature::named(&["func", "args", "kwds", "callback", "error_callback"], 1),
            |pool, call| later(pool, apply(pool, call, Some(3))?),
        ),
        Method::new("close", Signature::NONE, |pool, _| {
            pool.board.close(pool.number);
            Ok(Answer::none())
        }),
        Method::new("imap", MAP, |pool, call| imap(pool, call, false)),
        Method::new("imap_unordered", MAP, |pool, call| imap(pool, call, true)),
        Method::new("join", Signature::NONE, |pool, call| {
            if pool.board.phase(pool.number) == Phase::Running {
                return Err(Exception::value_error("Pool is still running"));
            }
            let wait = call.wait(Deadline::NEVER);
            Ok(match pool.board.join(pool.number, &wait) {
                true => Answer::none(),
                false => Answer::Nobody,
            })
        }),
        Method::new("map", MAP, |pool, call| {
            let job = map(pool, call, Mode::Map, None)?;
            result(pool, call, &job)
        }),
        Method::new("map_async", MAP_ASYNC, |pool, call| {
            later(pool, map(pool, call, Mode::Map, Some(3))?)
        }),
        Method::new("starmap", MAP, |pool, call| {
            let job = map(pool, call, Mode::Starmap, None)?;
            result(pool, call, &job)
        }),
        Method::new("starmap_async", MAP_ASYNC, |pool, call| {
            later(pool, map(pool, call, Mode::Starmap, Some(3))?)
        }),
        Method::new("terminate", Signature::NONE, |pool, _| {
            pool.board.terminate(pool.number);
            Ok(Answer::none())
        }),
    ],
);

impl Object for PoolObject {
    fn class(&self) -> &'static Class<Self> {
        &POOL
    }

    fn repr(&self, _address: &str) -> String {
        let state = match self.board.phase(self.number) {
            Phase::Running => "RUN",
            Phase::Closed => "CLOSE",
            Phase::Terminated => "TERMINATE",
        };
        let size = self.size.unwrap_or_else(|| self.board.size(self.number));
        format!("<multiprocessing.pool.Pool state={state} pool_size={size}>")
    }

    fn copy(&self) -> Result<Value, String> {
        Err(
            "NotImplementedError: pool objects cannot be passed between processes or pickled"
                .to_string(),
        )
    }

    fn describe(&self, told: &mut ObjectStatus) {
        let (jobs, running, workers) = self.board.count(self.number);
        told.length = Some(jobs as u64);
        told.note = format!("{running} tasks under way, {workers} workers for all pools");
    }
}
