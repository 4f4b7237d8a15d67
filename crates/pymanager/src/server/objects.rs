//! Names, and the objects that clients have made by calling them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::arguments::Signature;
use super::exception::Exception;
use crate::message::Request;
use crate::shared::{QueueKind, Served, SharedQueue};
use inert_pickle::Value;

/// How much of an object's description `debug_info` shows, as in CPython.
const SHOWN: usize = 75;

/// What stands behind a name.
#[derive(Debug)]
enum Source {
    /// One queue for everyone, always under the same identifier.
    Shared(String, Arc<Served>),
    /// A new queue for each call.
    Class(QueueKind),
}

/// Names and objects. Identifiers are numbers in hexadecimal digits that go up
/// and never come again, behind a few that differ from one server to the next:
/// a proxy that has outlived its object, or its server, finds nothing.
#[derive(Debug)]
pub(crate) struct Objects {
    names: HashMap<String, Source>,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    objects: BTreeMap<String, Object>,
    server: u32,
    next: u64,
}

#[derive(Debug)]
struct Object {
    served: Arc<Served>,
    references: u64,
}

impl Objects {
    pub(crate) fn new() -> Self {
        let table = Table {
            objects: BTreeMap::new(),
            server: fastrand::u32(1 << 24..),
            next: 0,
        };
        Objects {
            names: HashMap::new(),
            table: Mutex::new(table),
        }
    }

    pub(crate) fn register_shared(&mut self, name: String, served: Arc<Served>) {
        let ident = self.lock().new_ident();
        self.names.insert(name, Source::Shared(ident, served));
    }

    pub(crate) fn register_class(&mut self, name: String, kind: QueueKind) {
        self.names.insert(name, Source::Class(kind));
    }

    /// Calls a name: the identifier of the object and the object, with one
    /// reference more.
    pub(crate) fn create(&self, request: &Request<'_>) -> Result<(String, Arc<Served>), Exception> {
        let name = request.args.get(0);
        let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
        let source = self.names.get(name);
        match source.ok_or_else(|| Exception::key_error(name))? {
            Source::Shared(ident, served) => {
                Signature::NONE.bind(name, request, 1)?;
                self.lock().refer(ident, served);
                Ok((ident.clone(), Arc::clone(served)))
            }
            Source::Class(kind) => {
                let queue = make(*kind, request)?;
                let mut table = self.lock();
                let ident = table.new_ident();
                table.refer(&ident, queue.served());
                Ok((ident, Arc::clone(queue.served())))
            }
        }
    }

    pub(crate) fn find(&self, ident: &str) -> Result<Arc<Served>, Exception> {
        match self.lock().objects.get(ident) {
            Some(object) => Ok(Arc::clone(&object.served)),
            None => Err(Exception::key_error(ident)),
        }
    }

    pub(crate) fn add_reference(&self, ident: &str) -> Result<(), Exception> {
        let mut table = self.lock();
        if let Some(object) = table.objects.get_mut(ident) {
            object.references += 1;
            return Ok(());
        }
        // A queue that everyone shares is there whether or not anybody refers
        // to it: a proxy that travelled may come late.
        let shared = self.names.values().find_map(|source| match source {
            Source::Shared(shared, served) if shared == ident => Some(served),
            _ => None,
        });
        table.refer(ident, shared.ok_or_else(|| Exception::key_error(ident))?);
        Ok(())
    }

    /// One reference less; with the last, the object is forgotten.
    pub(crate) fn drop_reference(&self, ident: &str) -> Result<(), Exception> {
        let mut table = self.lock();
        let object = table.objects.get_mut(ident);
        let object = object.ok_or_else(|| Exception::key_error(ident))?;
        object.references -= 1;
        if object.references == 0 {
            table.objects.remove(ident);
        }
        Ok(())
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().objects.len()
    }

    /// The text of Python's `debug_info`.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        for (ident, object) in &self.lock().objects {
            let separator = if text.is_empty() { "" } else { "\n" };
            let description = represent(ident, &object.served);
            let shown: String = description.chars().take(SHOWN).collect();
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "{separator}  {ident}:       refcount={}\n    {shown}",
                object.references
            );
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn new_ident(&mut self) -> String {
        self.next += 1;
        format!("{:x}{:06x}", self.server, self.next)
    }

    fn refer(&mut self, ident: &str, served: &Arc<Served>) {
        let object = self.objects.entry(ident.to_string());
        let object = object.or_insert_with(|| Object {
            served: Arc::clone(served),
            references: 0,
        });
        object.references += 1;
    }
}

/// What Python's `repr` would say of a queue.
pub(crate) fn represent(ident: &str, served: &Served) -> String {
    let class = served.kind.class();
    let module = if class == "SimpleQueue" {
        "_queue"
    } else {
        "queue"
    };
    format!("<{module}.{class} object at 0x{ident}>")
}

fn make(kind: QueueKind, request: &Request<'_>) -> Result<SharedQueue<Value>, Exception> {
    let signature = match kind {
        QueueKind::Simple => Signature::NONE,
        _ => Signature {
            parameters: &["maxsize"],
            required: 0,
        },
    };
    let bound = signature.bind(&format!("{}.__init__", kind.class()), request, 1)?;
    let capacity = match bound.first().and_then(Option::as_ref) {
        None => 0,
        Some(maxsize) => maxsize.as_i64().ok_or_else(|| {
            let name = maxsize.type_name();
            Exception::type_error(format!(
                "'{name}' object cannot be interpreted as an integer"
            ))
        })?,
    };
    // Python: zero and less is without a limit.
    let capacity = usize::try_from(capacity).unwrap_or(0);
    Ok(<SharedQueue<Value>>::with(kind, capacity))
}
