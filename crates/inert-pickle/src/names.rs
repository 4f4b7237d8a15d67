//! What Python 2 and Python 3 call the same thing.
//!
//! Protocol 2 carries Python 2's names, as CPython's `_compat_pickle` has them; every
//! later protocol Python 3's. Here are the modules whose objects travel through queues;
//! a graphical toolkit's do not.

/// Modules: Python 2, Python 3.
const MODULES: &[(&str, &str)] = &[
    ("__builtin__", "builtins"),
    ("copy_reg", "copyreg"),
    ("Queue", "queue"),
    ("Queue", "_queue"),
    ("SocketServer", "socketserver"),
    ("ConfigParser", "configparser"),
    ("repr", "reprlib"),
    ("thread", "_thread"),
    ("xmlrpclib", "xmlrpc.client"),
    ("httplib", "http.client"),
    ("HTMLParser", "html.parser"),
    ("Cookie", "http.cookies"),
    ("cookielib", "http.cookiejar"),
    ("urlparse", "urllib.parse"),
    ("urllib2", "urllib.request"),
    ("cPickle", "pickle"),
    ("StringIO", "io"),
    ("cStringIO", "io"),
    ("functools", "_functools"),
];

/// Module and name.
type Name = (&'static str, &'static str);

/// Single names that moved or changed: Python 2, Python 3.
const NAMES: &[(Name, Name)] = &[
    (("__builtin__", "xrange"), ("builtins", "range")),
    (("__builtin__", "reduce"), ("functools", "reduce")),
    (("__builtin__", "intern"), ("sys", "intern")),
    (("__builtin__", "unichr"), ("builtins", "chr")),
    (("__builtin__", "unicode"), ("builtins", "str")),
    (("__builtin__", "basestring"), ("builtins", "str")),
    (("__builtin__", "long"), ("builtins", "int")),
    (("itertools", "izip"), ("builtins", "zip")),
    (("itertools", "imap"), ("builtins", "map")),
    (("itertools", "ifilter"), ("builtins", "filter")),
    (("itertools", "ifilterfalse"), ("itertools", "filterfalse")),
    (("itertools", "izip_longest"), ("itertools", "zip_longest")),
    (
        ("UserDict", "IterableUserDict"),
        ("collections", "UserDict"),
    ),
    (("UserDict", "UserDict"), ("collections", "UserDict")),
    (("UserList", "UserList"), ("collections", "UserList")),
    (("UserString", "UserString"), ("collections", "UserString")),
    (
        ("_multiprocessing", "Connection"),
        ("multiprocessing.connection", "Connection"),
    ),
    (
        ("multiprocessing.process", "Process"),
        ("multiprocessing.context", "Process"),
    ),
    (
        ("multiprocessing", "AuthenticationError"),
        ("multiprocessing.context", "AuthenticationError"),
    ),
    (
        ("multiprocessing", "BufferTooShort"),
        ("multiprocessing.context", "BufferTooShort"),
    ),
    (
        ("multiprocessing", "ProcessError"),
        ("multiprocessing.context", "ProcessError"),
    ),
    (
        ("multiprocessing", "TimeoutError"),
        ("multiprocessing.context", "TimeoutError"),
    ),
];

/// Exceptions that Python 2 has, in its module `exceptions`, and Python 3 in `builtins`.
#[rustfmt::skip]
const EXCEPTIONS: &[&str] = &[
    "ArithmeticError", "AssertionError", "AttributeError", "BaseException", "BufferError",
    "BytesWarning", "DeprecationWarning", "EOFError", "EnvironmentError", "Exception",
    "FloatingPointError", "FutureWarning", "GeneratorExit", "IOError", "ImportError",
    "ImportWarning", "IndentationError", "IndexError", "KeyError", "KeyboardInterrupt",
    "LookupError", "MemoryError", "NameError", "NotImplementedError", "OSError",
    "OverflowError", "PendingDeprecationWarning", "ReferenceError", "RuntimeError",
    "RuntimeWarning", "StopIteration", "SyntaxError", "SyntaxWarning", "SystemError",
    "SystemExit", "TabError", "TypeError", "UnboundLocalError", "UnicodeDecodeError",
    "UnicodeEncodeError", "UnicodeError", "UnicodeTranslateError", "UnicodeWarning",
    "UserWarning", "ValueError", "Warning", "ZeroDivisionError",
];

/// Python 3's exceptions that are plain `OSError` in Python 2.
#[rustfmt::skip]
const OS_ERRORS: &[&str] = &[
    "BlockingIOError", "BrokenPipeError", "ChildProcessError", "ConnectionAbortedError",
    "ConnectionError", "ConnectionRefusedError", "ConnectionResetError", "FileExistsError",
    "FileNotFoundError", "InterruptedError", "IsADirectoryError", "NotADirectoryError",
    "PermissionError", "ProcessLookupError", "TimeoutError",
];

/// What Python 3 calls what Python 2 calls so.
pub(super) fn to_python_3<'a>(module: &'a str, name: &'a str) -> (&'a str, &'a str) {
    if let Some((_, new)) = NAMES.iter().find(|(old, _)| *old == (module, name)) {
        return *new;
    }
    if module == "exceptions" {
        match name {
            // Gone from Python 3; one way only, or every Exception would become one.
            "StandardError" => return ("builtins", "Exception"),
            name if EXCEPTIONS.contains(&name) => return ("builtins", name),
            _ => {}
        }
    }
    match MODULES.iter().find(|(old, _)| *old == module) {
        // The C module of functools is Python 3's own affair.
        Some((_, new)) if module != "functools" => (new, name),
        _ => (module, name),
    }
}

/// What Python 2 calls what Python 3 calls so.
pub(super) fn to_python_2<'a>(module: &'a str, name: &'a str) -> (&'a str, &'a str) {
    if let Some((old, _)) = NAMES.iter().find(|(_, new)| *new == (module, name)) {
        return *old;
    }
    if module == "builtins" {
        if EXCEPTIONS.contains(&name) {
            return ("exceptions", name);
        }
        if OS_ERRORS.contains(&name) {
            return ("exceptions", "OSError");
        }
        if name == "ModuleNotFoundError" {
            return ("exceptions", "ImportError");
        }
    }
    match MODULES.iter().find(|(_, new)| *new == module) {
        // Python 2 has an `io` of its own.
        Some((old, _)) if module != "io" => (old, name),
        _ => (module, name),
    }
}
