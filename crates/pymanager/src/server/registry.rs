//! Names, and the objects that clients have made by calling them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::message::Request;
use crate::object::{Call, Era, Exception, Hold, Resolve, Served, Signature, bind};
use crate::status::ObjectStatus;
use inert_pickle::Value;

/// How much of an object's description `debug_info` shows, as in CPython.
const SHOWN: usize = 75;

/// Makes an object of a class from the arguments of the call.
pub(crate) type Constructor = dyn Fn(&mut Call<'_>) -> Result<Served, Exception> + Send + Sync;

/// What stands behind a name.
enum Source {
    /// One object for everyone, always under the same identifier.
    Shared(String, Served),
    /// A new object for each call.
    Class(Signature, Box<Constructor>),
}

/// Names and objects. Identifiers are numbers in hexadecimal digits that go up
/// and never come again, behind a few that differ from one server to the next:
/// a proxy that has outlived its object, or its server, finds nothing.
pub(crate) struct Registry {
    names: HashMap<String, Source>,
    table: Arc<Mutex<Table>>,
}

struct Table {
    objects: BTreeMap<String, Entry>,
    server: u64,
    next: u64,
    limit: usize,
}

/// An object, there as long as a client refers to it or another object holds
/// its proxy.
struct Entry {
    object: Weak<Registered>,
    references: u64,
    /// There while there are references.
    referred: Option<Arc<Registered>>,
}

/// An object under its identifier. Dropping it takes it off the table.
struct Registered {
    ident: String,
    served: Served,
    table: Weak<Mutex<Table>>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let Some(table) = self.table.upgrade() else {
            return;
        };
        let mut table = lock(&table);
        // A shared object may have been registered anew meanwhile.
        if let Some(entry) = table.objects.get(&self.ident)
            && entry.object.strong_count() == 0
        {
            table.objects.remove(&self.ident);
        }
    }
}

impl Registry {
    pub(crate) fn new() -> Self {
        let table = Table {
            objects: BTreeMap::new(),
            server: fastrand::u64(1 << 44..1 << 48),
            next: 0,
            limit: usize::MAX,
        };
        Registry {
            names: HashMap::new(),
            table: Arc::new(Mutex::new(table)),
        }
    }

    pub(crate) fn limit_objects(&self, limit: usize) {
        self.lock().limit = limit;
    }

    pub(crate) fn register_shared(&mut self, name: String, served: Served) {
        let ident = self.lock().new_ident();
        self.names.insert(name, Source::Shared(ident, served));
    }

    pub(crate) fn register_class(
        &mut self,
        name: String,
        signature: Signature,
        make: Box<Constructor>,
    ) {
        self.names.insert(name, Source::Class(signature, make));
    }

    /// Calls a name: the identifier of the object and the object, with one
    /// reference more.
    pub(crate) fn create(
        &self,
        request: &Request<'_>,
        mut call: Call<'_>,
    ) -> Result<(String, Served), Exception> {
        let name = request.argument(0, "typeid");
        if name.is_none() {
            let text = "create() missing 1 required positional argument: 'typeid'";
            let error = Exception::type_error(format!("Server.{text}"));
            return Err(error.formerly(Era::To37, text));
        }
        let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
        let Some(source) = self.names.get(name) else {
            return Err(Exception::key_error(name));
        };
        match source {
            Source::Shared(ident, served) => {
                bind(&Signature::NONE, name, "__init__", request, 1)?;
                self.refer(ident, served)?;
                Ok((ident.clone(), served.clone()))
            }
            Source::Class(signature, make) => {
                call.bind_arguments(bind(signature, name, "__init__", request, 1)?);
                let served = make(&mut call)?;
                let ident = self.add(&served)?;
                Ok((ident, served))
            }
        }
    }

    /// A new object, with one reference.
    pub(crate) fn add(&self, served: &Served) -> Result<String, Exception> {
        let ident = self.lock().new_ident();
        self.refer(&ident, served)?;
        Ok(ident)
    }

    pub(crate) fn find(&self, ident: &str) -> Result<Served, Exception> {
        match self.get(ident) {
            Some(object) => Ok(object.served.clone()),
            None => Err(Exception::key_error(ident)),
        }
    }

    pub(crate) fn add_reference(&self, ident: &str) -> Result<(), Exception> {
        let object = self.get(ident);
        let object = object.or_else(|| self.get_shared(ident));
        let object = object.ok_or_else(|| Exception::key_error(ident))?;
        let mut table = self.lock();
        let entry = table
            .objects
            .entry(ident.to_string())
            .or_insert_with(|| Entry {
                object: Arc::downgrade(&object),
                references: 0,
                referred: None,
            });
        entry.references += 1;
        entry.referred.get_or_insert_with(|| Arc::clone(&object));
        drop(table);
        Ok(())
    }

    /// One reference less; without any, and held by no other object, it is
    /// forgotten.
    pub(crate) fn drop_reference(&self, ident: &str) -> Result<(), Exception> {
        let mut table = self.lock();
        let entry = table.objects.get_mut(ident);
        let entry = entry.filter(|entry| entry.references > 0);
        let entry = entry.ok_or_else(|| Exception::key_error(ident))?;
        entry.references -= 1;
        let forgotten = match entry.references {
            0 => entry.referred.take(),
            _ => None,
        };
        // What the object holds may be much, and may be in the table itself.
        drop(table);
        drop(forgotten.map(|object| Hold::new(object)));
        Ok(())
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().objects.len()
    }

    /// The text of Python's `debug_info`.
    pub(crate) fn describe(&self) -> String {
        let objects: Vec<_> = {
            let table = self.lock();
            let entries = table.objects.iter().filter_map(|(ident, entry)| {
                Some((ident.clone(), entry.references, entry.object.upgrade()?))
            });
            entries.collect()
        };
        let mut text = String::new();
        for (ident, references, object) in objects {
            let separator = if text.is_empty() { "" } else { "\n" };
            let shown: String = object.served.repr(&ident).chars().take(SHOWN).collect();
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "{separator}  {ident}:       refcount={references}\n    {shown}"
            );
        }
        text
    }

    /// How many objects there are, and each as `status` tells it, the oldest
    /// first; `more` adds what others know of it.
    pub(crate) fn statuses(
        &self,
        mut more: impl FnMut(&mut ObjectStatus),
    ) -> (u64, Vec<ObjectStatus>) {
        let objects: Vec<_> = {
            let table = self.lock();
            let entries = table.objects.values();
            let alive =
                entries.filter_map(|entry| Some((entry.references, entry.object.upgrade()?)));
            alive.collect()
        };
        let count = objects.len() as u64;
        let names: HashMap<&str, &String> = self
            .names
            .iter()
            .filter_map(|(name, source)| match source {
                Source::Shared(ident, _) => Some((ident.as_str(), name)),
                Source::Class(..) => None,
            })
            .collect();
        let told = objects.into_iter().map(|(references, object)| {
            let mut told = ObjectStatus {
                ident: object.ident.clone(),
                name: names.get(object.ident.as_str()).map(ToString::to_string),
                class: object.served.class().to_string(),
                references,
                ..ObjectStatus::default()
            };
            object.served.describe(&mut told);
            more(&mut told);
            told
        });
        (count, told.collect())
    }

    fn refer(&self, ident: &str, served: &Served) -> Result<(), Exception> {
        let mut table = self.lock();
        if let Some(entry) = table.objects.get_mut(ident) {
            if entry.referred.is_none() {
                entry.referred = entry.object.upgrade();
            }
            if entry.referred.is_some() {
                entry.references += 1;
                return Ok(());
            }
        }
        if table.objects.len() >= table.limit {
            return Err(Exception::memory_error(format!(
                "this manager has {} objects and may have no more",
                table.limit
            )));
        }
        let object = self.registered(ident, served);
        let entry = Entry {
            object: Arc::downgrade(&object),
            references: 1,
            referred: Some(object),
        };
        table.objects.insert(ident.to_string(), entry);
        Ok(())
    }

    fn registered(&self, ident: &str, served: &Served) -> Arc<Registered> {
        Arc::new(Registered {
            ident: ident.to_string(),
            served: served.clone(),
            table: Arc::downgrade(&self.table),
        })
    }

    fn get(&self, ident: &str) -> Option<Arc<Registered>> {
        self.lock().objects.get(ident)?.object.upgrade()
    }

    /// An object that everyone shares is there whether or not anybody refers
    /// to it: a proxy that travelled may come late.
    fn get_shared(&self, ident: &str) -> Option<Arc<Registered>> {
        let served = self.names.values().find_map(|source| match source {
            Source::Shared(shared, served) if shared == ident => Some(served),
            _ => None,
        })?;
        let mut table = self.lock();
        let there = table
            .objects
            .get(ident)
            .and_then(|entry| entry.object.upgrade());
        if there.is_some() {
            return there;
        }
        let object = self.registered(ident, served);
        let entry = Entry {
            object: Arc::downgrade(&object),
            references: 0,
            referred: None,
        };
        table.objects.insert(ident.to_string(), entry);
        Some(object)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

impl Resolve for Registry {
    fn hold(&self, ident: &str) -> Option<(Served, Hold)> {
        let object = self.get(ident).or_else(|| self.get_shared(ident))?;
        Some((object.served.clone(), Hold::new(object)))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names.keys()).finish()
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn new_ident(&mut self) -> String {
        self.next += 1;
        format!("{:x}{:06x}", self.server, self.next)
    }
}
