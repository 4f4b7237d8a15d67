//! A program started without a copy of the caller's page tables: by a child that
//! borrows the caller's memory until its exec, as vfork(2), posix_spawn(3) and
//! CPython do it.
//!
//! The calling thread stands still meanwhile; the caller's other threads run on.
//! So the child may do nothing that leaves a trace in that memory: it makes system
//! calls, and writes to its own stack, to `errno`, [`STOP`] and [`Borrower`]. It
//! takes no lock and does not allocate: if it were killed while it held the heap's
//! lock, the caller would never get it back.

#![expect(
    unsafe_code,
    reason = "the system calls of this file have no safe form"
)]

use std::cell::Cell;
use std::ffi::CString;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::{self, NonNull};

use libc::{c_char, c_int, c_void};
use rustix::io::retry_on_intr;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::die_with_caller::{Arm, DieWithCaller};

/// What to run, in C's shapes: made before there is a child.
pub(super) struct Program {
    /// The files to try, one after the other.
    pub(super) files: Vec<CString>,
    /// The first is the program's name for itself.
    pub(super) args: Vec<CString>,
    /// `KEY=value`.
    pub(super) env: Vec<CString>,
    pub(super) current_dir: Option<CString>,
    pub(super) process_group: Option<c_int>,
    /// Whether no signal stays ignored.
    pub(super) restore_signals: bool,
    /// What becomes its standard input, output and error, where that is not the
    /// caller's; each above 2.
    pub(super) stdio: [Option<OwnedFd>; 3],
}

/// What the child uses of the caller's memory.
struct Borrower<'a> {
    program: &'a Program,
    arm: Arm,
    args: Vec<*const c_char>,
    /// `/bin/sh`, room for a script's path, and the script's arguments.
    shell: Vec<*const c_char>,
    env: Vec<*const c_char>,
    /// Why there was no exec; 0 if there was one.
    error: c_int,
}

impl Program {
    /// Starts it: it has been executed when this returns.
    ///
    /// # Errors
    ///
    /// Those of the system calls that it takes, in the child too.
    pub(super) fn start(&self, dies: &DieWithCaller) -> io::Result<Pid> {
        let args = pointers(&self.args);
        let mut borrower = Borrower {
            program: self,
            arm: dies.arm(),
            shell: [&[c"/bin/sh".as_ptr(), ptr::null()], &args[1..]].concat(),
            args,
            env: pointers(&self.env),
            error: 0,
        };
        let stack = Stack::new()?;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // A handler of the caller's must not run in the child, which has it until
        // it has set the default actions.
        let mask = set_signal_mask(!0);
        STOP.set(0);
        // SAFETY: with `CLONE_VFORK` this thread stands still until the child has
        // left this memory, by exec or by its end, so `borrower` and `stack` are
        // the child's alone and outlive it. `stack` is as large as `child` needs.
        let pid = unsafe {
            let borrower = (&raw mut borrower).cast();
            libc::clone(child, stack.top(), flags, borrower)
        };
        let failed = (pid == -1).then(io::Error::last_os_error);
        let stop = STOP.replace(0);
        if stop != 0 && pid > 0 && borrower.error == 0 {
            // Before the caller is stopped itself.
            // SAFETY: a signal to a child that nobody has waited for yet. An error:
            // it may be another user's by now.
            unsafe { libc::kill(pid, stop) };
        }
        set_signal_mask(mask);
        if let Some(error) = failed {
            return Err(error);
        }
        let pid = Pid::from_raw(pid).ok_or_else(|| io::Error::other("clone returned no pid"))?;
        if borrower.error == 0 {
            return Ok(pid);
        }
        // It cannot be waited for only if another thread has just ignored SIGCHLD: it
        // is gone, then.
        let _ = retry_on_intr(|| waitpid(Some(pid), WaitOptions::empty()));
        Err(io::Error::from_raw_os_error(borrower.error))
    }
}

/// The child. It must not panic: that allocates.
extern "C" fn child(borrower: *mut c_void) -> c_int {
    // SAFETY: the caller stands still, and has given this to the child alone.
    let borrower = unsafe { &mut *borrower.cast::<Borrower<'_>>() };
    borrower.error = match borrower.prepare() {
        Ok(()) => borrower.exec(),
        // Never 0, which would mean success.
        Err(error) => error.raw_os_error().unwrap_or(libc::EINVAL),
    };
    // SAFETY: the caller's exit handlers and buffers are not touched.
    unsafe { libc::_exit(127) }
}

impl Borrower<'_> {
    fn prepare(&self) -> io::Result<()> {
        let program = self.program;
        // SAFETY: these calls read at most a string that ends in 0, and change the
        // child alone: its table of descriptors, its directory and its group are
        // copies.
        unsafe {
            if let Some(group) = program.process_group {
                succeeded(libc::setpgid(0, group))?;
            }
            // If the caller has died by now, the child's own copies of the sockets
            // are the last, and the signal comes when exec closes them.
            self.arm.arm()?;
            for (number, fd) in (0..).zip(&program.stdio) {
                if let Some(fd) = fd {
                    // Not equal, so the copy is not closed by exec.
                    succeeded(libc::dup2(fd.as_raw_fd(), number))?;
                }
            }
            if let Some(dir) = &program.current_dir {
                succeeded(libc::chdir(dir.as_ptr()))?;
            }
        }
        for signal in 1..=SIGNALS {
            let old = handler(signal);
            let ignored = match old {
                // Rust's runtime ignores SIGPIPE: the program has not asked for that.
                libc::SIG_IGN => !program.restore_signals && signal != libc::SIGPIPE,
                _ => false,
            };
            match signal {
                _ if ignored => {}
                libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => keep_for_later(signal),
                _ if old == libc::SIG_DFL => {}
                _ => set_default_action(signal),
            }
        }
        // Signals that have arrived are delivered now, as to the program.
        set_signal_mask(0);
        Ok(())
    }

    /// Why no file could be executed: as execvp(3), which is not made for this.
    fn exec(&mut self) -> c_int {
        let mut denied = false;
        let mut last = libc::ENOENT;
        for file in &self.program.files {
            last = execute(file.as_ptr(), &self.args, &self.env);
            if last == libc::ENOEXEC {
                // A script without `#!`.
                if let Some(script) = self.shell.get_mut(1) {
                    *script = file.as_ptr();
                }
                last = execute(c"/bin/sh".as_ptr(), &self.shell, &self.env);
            }
            match last {
                libc::EACCES => denied = true,
                libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT => {}
                _ => return last,
            }
        }
        if denied { libc::EACCES } else { last }
    }
}

thread_local! {
    /// The signal by which a terminal would have stopped the child, or 0.
    ///
    /// Ctrl-Z stops a whole process group. If it stopped the child before its exec,
    /// the caller, which the kernel does not stop before that, would be waiting for
    /// a child that waits for the shell, and the shell for the caller: the terminal
    /// would hang. So the child only notes it (exec gives the signal its default
    /// action again), and the caller sends it to the program.
    static STOP: Cell<c_int> = const { Cell::new(0) };
}

/// In the child, whose thread-locals are the caller's.
extern "C" fn note_stop(signal: c_int) {
    STOP.set(signal);
}

fn keep_for_later(signal: c_int) {
    // SAFETY: zeros are a valid action; the handler writes a number that is there
    // already. The C library takes no lock for these signals.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = note_stop as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}

/// Why `file` cannot be executed. Both lists end in a null pointer.
fn execute(file: *const c_char, args: &[*const c_char], env: &[*const c_char]) -> c_int {
    // SAFETY: all pointers but the last of each list lead to strings of `Program`.
    unsafe { libc::execve(file, args.as_ptr(), env.as_ptr()) };
    // SAFETY: the thread's own.
    unsafe { *libc::__errno_location() }
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    let pointers = strings.iter().map(|string| string.as_ptr());
    pointers.chain([ptr::null()]).collect()
}

fn succeeded(result: c_int) -> io::Result<()> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Linux has signals 1 to 64.
const SIGNALS: c_int = 64;
const SIGNAL_SET_BYTES: usize = SIGNALS as usize / 8;

/// The kernel's `struct sigaction`, or more than it on machines of any word size: the
/// handler first. With zeros, the default action.
type Action = [usize; 8];

// The C library's functions are kept from two signals that are its own, and take a
// lock for SIGABRT (glibc 2.41): so the system calls themselves.

fn set_signal_mask(mask: u64) -> u64 {
    let mut old = 0_u64;
    // SAFETY: reads one set of signals and writes another. It cannot fail with
    // these arguments.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            &raw mut old,
            SIGNAL_SET_BYTES,
        );
    }
    old
}

/// What a signal does here; the default action where nothing can be learnt.
fn handler(signal: c_int) -> libc::sighandler_t {
    let mut action: Action = [0; 8];
    // SAFETY: writes an action to `action`, which has room for it.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            signal,
            ptr::null::<Action>(),
            &raw mut action,
            SIGNAL_SET_BYTES,
        );
    }
    action[0]
}

/// For SIGKILL and SIGSTOP, which have no other, the call just fails.
fn set_default_action(signal: c_int) {
    let action: Action = [0; 8];
    // SAFETY: reads `action`, which is large enough for one and names no function.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            signal,
            &raw const action,
            ptr::null_mut::<Action>(),
            SIGNAL_SET_BYTES,
        );
    }
}

/// The child's stack, above a page that cannot be written to.
struct Stack {
    start: NonNull<c_void>,
    len: usize,
}

impl Stack {
    /// The child needs a few hundred bytes.
    const ROOM: usize = 64 << 10;

    fn new() -> io::Result<Self> {
        let page = rustix::param::page_size();
        let len = page + Stack::ROOM.next_multiple_of(page);
        // SAFETY: an anonymous mapping at an address of the kernel's choice
        // overlaps nothing that exists.
        let start =
            unsafe { mmap_anonymous(ptr::null_mut(), len, ProtFlags::empty(), MapFlags::PRIVATE) }?;
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        let stack = Stack { start, len };
        let access = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: pages of the mapping, which nobody uses yet.
        unsafe { mprotect(start.as_ptr().byte_add(page), len - page, access) }?;
        Ok(stack)
    }

    /// Its end: a stack grows downwards. Page-aligned.
    fn top(&self) -> *mut c_void {
        // SAFETY: one past the end of the mapping.
        unsafe { self.start.as_ptr().byte_add(self.len) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and the child has left it. It
        // fails only for wrong arguments, which these are not.
        let _ = unsafe { munmap(self.start.as_ptr(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_the_childs_stack_nothing_can_be_written() {
        let stack = Stack::new().unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let access = |address: usize| {
            maps.lines().find_map(|line| {
                let (range, rest) = line.split_once(' ')?;
                let (from, to) = range.split_once('-')?;
                let from = usize::from_str_radix(from, 16).ok()?;
                let to = usize::from_str_radix(to, 16).ok()?;
                (from..to).contains(&address).then(|| &rest[..4])
            })
        };
        let (start, top) = (stack.start.addr().get(), stack.top().addr());
        let page = rustix::param::page_size();
        assert_eq!(access(start), Some("---p"));
        assert_eq!(access(start + page - 1), Some("---p"));
        assert_eq!(access(top - Stack::ROOM), Some("rw-p"));
        assert_eq!(access(top - 1), Some("rw-p"));
    }
}
