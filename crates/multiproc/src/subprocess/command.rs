//! A program to run, described as with `std::process::Command`.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::die_with_caller::{DieWithCaller, Whom};
use super::start::{Child, Pipes, Run};
use super::vfork::Program;

/// Where execvp(3) looks when there is no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A program to run, its arguments and its surroundings: the functions of this
/// module take it, and start it without a copy of the caller's page tables
/// ([from a large process](super#from-a-large-process)).
///
/// Its methods are those of [`std::process::Command`], with the same meaning. The
/// program is looked up in the `PATH` that it is given itself.
///
/// ```
/// use multiproc::subprocess::{Command, check_output};
///
/// let mut shell = Command::new("sh");
/// shell.args(["-c", "echo $GREETING from $PWD"]).env("GREETING", "hello");
/// assert_eq!(check_output(shell.current_dir("/"))?, b"hello from /\n");
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
#[derive(Debug)]
pub struct Command {
    program: OsString,
    /// The first is the name under which the program runs.
    args: Vec<OsString>,
    /// Whether the caller's variables are left out.
    env_clear: bool,
    /// What is set, or taken away, besides.
    env: BTreeMap<OsString, Option<OsString>>,
    current_dir: Option<PathBuf>,
    process_group: Option<i32>,
    restore_signals: bool,
    stdio: [Stdio; 3],
}

/// What a [`Command`]'s standard input, output or error is, where the function that
/// runs it makes no pipe: as `std::process::Stdio`, or any open file.
///
/// ```
/// use std::io::Read;
/// use multiproc::subprocess::{Command, Stdio, call};
///
/// let (mut reader, writer) = std::io::pipe()?;
/// let mut echo = Command::new("echo");
/// call(echo.arg("hello").stdin(Stdio::null()).stdout(writer))?;
/// drop(echo); // and with it the writing end
/// let mut text = String::new();
/// reader.read_to_string(&mut text)?;
/// assert_eq!(text, "hello\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Stdio(Source);

#[derive(Debug)]
enum Source {
    Inherit,
    Null,
    File(OwnedFd),
}

impl Stdio {
    /// The caller's.
    pub fn inherit() -> Self {
        Stdio(Source::Inherit)
    }

    /// `/dev/null`.
    pub fn null() -> Self {
        Stdio(Source::Null)
    }

    /// What becomes the program's descriptor: `None` for the caller's own.
    fn open(&self) -> io::Result<Option<OwnedFd>> {
        match &self.0 {
            Source::Inherit => Ok(None),
            Source::Null => {
                let null = File::options().read(true).write(true).open("/dev/null")?;
                above_standard(null.into()).map(Some)
            }
            Source::File(file) => file.try_clone().map(Some),
        }
    }
}

impl<T: Into<OwnedFd>> From<T> for Stdio {
    fn from(file: T) -> Self {
        Stdio(Source::File(file.into()))
    }
}

impl Command {
    /// A program by its path or, without a slash in it, by its name in `PATH`.
    pub fn new<S: AsRef<OsStr>>(program: S) -> Self {
        let program = program.as_ref().to_os_string();
        Command {
            args: vec![program.clone()],
            program,
            env_clear: false,
            env: BTreeMap::new(),
            current_dir: None,
            process_group: None,
            restore_signals: false,
            stdio: [Stdio::inherit(), Stdio::inherit(), Stdio::inherit()],
        }
    }

    /// One more argument.
    pub fn arg<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Self {
        self.args([arg])
    }

    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = S>) -> &mut Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_os_string());
        self.args.extend(args);
        self
    }

    /// What the program is told to be its own name, instead of the one given to
    /// [`new`](Self::new).
    pub fn arg0<S: AsRef<OsStr>>(&mut self, name: S) -> &mut Self {
        self.args[0] = name.as_ref().to_os_string();
        self
    }

    /// Sets a variable of its environment.
    pub fn env<K: AsRef<OsStr>, V: AsRef<OsStr>>(&mut self, key: K, value: V) -> &mut Self {
        self.envs([(key, value)])
    }

    /// Sets variables of its environment.
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Self {
        for (key, value) in variables {
            let value = value.as_ref().to_os_string();
            self.env.insert(key.as_ref().to_os_string(), Some(value));
        }
        self
    }

    /// Takes a variable from its environment.
    pub fn env_remove<K: AsRef<OsStr>>(&mut self, key: K) -> &mut Self {
        self.env.insert(key.as_ref().to_os_string(), None);
        self
    }

    /// Takes all variables from its environment: the caller's, and those set so far.
    pub fn env_clear(&mut self) -> &mut Self {
        self.env_clear = true;
        self.env.clear();
        self
    }

    /// Its working directory. A relative path to the program starts there, too.
    pub fn current_dir<P: AsRef<Path>>(&mut self, dir: P) -> &mut Self {
        self.current_dir = Some(dir.as_ref().to_path_buf());
        self
    }

    /// Its process group: 0 for a new one, which it leads.
    pub fn process_group(&mut self, group: i32) -> &mut Self {
        self.process_group = Some(group);
        self
    }

    /// Its standard input, unless the function that runs it makes a pipe.
    pub fn stdin<T: Into<Stdio>>(&mut self, stdin: T) -> &mut Self {
        self.stdio[0] = stdin.into();
        self
    }

    /// Its standard output, unless the function that runs it makes a pipe.
    pub fn stdout<T: Into<Stdio>>(&mut self, stdout: T) -> &mut Self {
        self.stdio[1] = stdout.into();
        self
    }

    /// Its standard error, unless the function that runs it makes a pipe.
    pub fn stderr<T: Into<Stdio>>(&mut self, stderr: T) -> &mut Self {
        self.stdio[2] = stderr.into();
        self
    }

    /// The program, as it was given to [`new`](Self::new).
    pub fn get_program(&self) -> &OsStr {
        &self.program
    }

    fn environment(&self) -> BTreeMap<OsString, OsString> {
        let mut all: BTreeMap<_, _> = match self.env_clear {
            true => BTreeMap::new(),
            false => env::vars_os().collect(),
        };
        for (key, value) in &self.env {
            match value {
                Some(value) => drop(all.insert(key.clone(), value.clone())),
                None => drop(all.remove(key)),
            }
        }
        all
    }
}

impl Run for Command {
    fn program(&self) -> &OsStr {
        &self.program
    }

    fn start(&mut self, pipes: Pipes, dies: &DieWithCaller) -> io::Result<Child> {
        let environment = self.environment();
        let path = environment.get(OsStr::new("PATH")).map(|path| &**path);
        let [(stdin, in_), (stdout, out), (stderr, err)] = {
            let mut ends = [(None, None), (None, None), (None, None)];
            for (stream, end) in ends.iter_mut().enumerate() {
                *end = match pipes[stream] {
                    true => pipe(stream)?,
                    false => (None, self.stdio[stream].open()?),
                };
            }
            ends
        };
        let program = Program {
            files: files(&self.program, path)?,
            args: self.args.iter().map(c_string).collect::<Result<_, _>>()?,
            env: environment
                .into_iter()
                .map(|(key, value)| variable(key, &value))
                .collect::<Result<_, _>>()?,
            current_dir: self.current_dir.as_ref().map(c_string).transpose()?,
            process_group: match dies.whom() {
                Whom::Program => self.process_group,
                Whom::Group => Some(0),
            },
            restore_signals: self.restore_signals,
            stdio: [in_, out, err],
        };
        Ok(Child {
            pid: program.start(dies)?,
            stdin,
            stdout,
            stderr,
        })
    }

    fn restore_signals(&mut self) {
        self.restore_signals = true;
    }
}

/// The caller's end of a new pipe, and the program's.
fn pipe(stream: usize) -> io::Result<(Option<OwnedFd>, Option<OwnedFd>)> {
    let (reader, writer) = io::pipe()?;
    let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
    let (ours, theirs) = match stream {
        0 => (writer, reader),
        _ => (reader, writer),
    };
    Ok((Some(ours), Some(above_standard(theirs)?)))
}

/// The same file under a number above 2. In a caller that has closed its standard
/// input a new file may be number 0: another one becoming the program's number 0
/// would replace it, and its own becoming 0 would leave it to be closed by exec.
fn above_standard(fd: OwnedFd) -> io::Result<OwnedFd> {
    match fd.as_raw_fd() {
        0..=2 => fd.try_clone(),
        _ => Ok(fd),
    }
}

/// The files to try, one after the other (execvp(3)).
fn files(program: &OsStr, path: Option<&OsStr>) -> io::Result<Vec<CString>> {
    let name = program.as_bytes();
    if name.is_empty() || name.contains(&b'/') {
        return Ok(vec![c_string(program)?]);
    }
    let path = path.unwrap_or(OsStr::new(DEFAULT_PATH)).as_bytes();
    let file = |folder: &[u8]| match folder {
        // The working directory.
        b"" => c_string(program),
        folder => c_string(OsString::from_vec([folder, b"/", name].concat())),
    };
    path.split(|byte| *byte == b':').map(file).collect()
}

fn variable(mut key: OsString, value: &OsStr) -> io::Result<CString> {
    key.push("=");
    key.push(value);
    c_string(key)
}

fn c_string(text: impl AsRef<OsStr>) -> io::Result<CString> {
    Ok(CString::new(text.as_ref().as_bytes())?)
}
