//! What a child does with its parent's signals.

#![expect(unsafe_code, reason = "a signal's action has no safe form")]

use std::mem;
use std::ptr;

use libc::c_int;

/// The last signal's number, on every architecture but MIPS.
const LAST: c_int = 64;

/// Gives every signal its default action.
///
/// By bare system calls: a child maps again each piece of the C library that it
/// enters, which takes longer than a dozen of these calls.
pub(super) fn start_afresh(ignore_interrupt: bool) {
    // Larger than the kernel's `struct sigaction` on any architecture. Zeroes
    // are the default action without flags, and an empty set.
    let zeroes = [0_u64; 16];
    for signal in 1..=LAST {
        match signal {
            // Ignored by Rust's runtime, on purpose: see the module's docs.
            libc::SIGPIPE => continue,
            // The first two cannot be changed; 32 and 33 belong to the C library.
            libc::SIGKILL | libc::SIGSTOP | 32 | 33 => continue,
            _ => {}
        }
        // SAFETY: the kernel reads the action, writes no old one (null), and runs
        // no code of this program for it.
        unsafe { bare(libc::SYS_rt_sigaction, signal, &zeroes) };
    }
    if ignore_interrupt {
        // SAFETY: sets an action that runs no code of this program.
        unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    }
}

/// All signals were blocked before the fork; from here on they arrive.
pub(super) fn open_mask() {
    let empty = [0_u64; 16];
    // SAFETY: the kernel reads a set of signals, and writes no old one.
    unsafe { bare(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &empty) };
}

/// A call that sets something for signals. It cannot fail for right arguments.
///
/// Sixty of them take half as long again through libc's `syscall`.
#[inline(always)]
unsafe fn bare(call: libc::c_long, which: c_int, new: &[u64; 16]) {
    let old = ptr::null_mut::<u64>();
    // A set of signals has a bit for each.
    let set = LAST as usize / 8;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's. The kernel changes these three registers alone.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") call => _,
            in("rdi") i64::from(which),
            in("rsi") new,
            in("rdx") old,
            in("r10") set,
            out("rcx") _,
            out("r11") _,
            options(nostack)
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    // SAFETY: the caller's.
    unsafe {
        libc::syscall(call, which, new, old, set);
    }
}

/// Makes the kernel keep the exit status of children. It throws them away while
/// `SIGCHLD` is ignored, which a program inherits through `exec`, or handled with
/// `SA_NOCLDWAIT`.
pub(crate) fn reap_children_again() {
    // SAFETY: a zeroed `sigaction` is a valid value to be written over. What is set
    // is the default action, which involves no memory of ours, or the action that
    // there was but for a flag.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        if libc::sigaction(libc::SIGCHLD, ptr::null(), &mut action) != 0 {
            return;
        }
        if action.sa_sigaction == libc::SIG_IGN {
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        } else if action.sa_flags & libc::SA_NOCLDWAIT != 0 {
            action.sa_flags &= !libc::SA_NOCLDWAIT;
            libc::sigaction(libc::SIGCHLD, &action, ptr::null_mut());
        }
    }
}
