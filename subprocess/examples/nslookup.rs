//! A name is looked up, by a program that gets a command line and by one that
//! gets commands to read: the notes' two programs.
//!
//! <!-- not run: it needs nslookup, and prints what the network says -->
//! ```text
//! $ cargo run -q -p subprocess --example nslookup
//! $ nslookup www.python.org
//! Server:         127.0.0.53
//! Address:        127.0.0.53#53
//!
//! Non-authoritative answer:
//! www.python.org  canonical name = dualstack.python.map.fastly.net.
//! ...
//! Exit code: 0
//! $ nslookup
//! Server:         127.0.0.53
//! Address:        127.0.0.53#53
//!
//! Non-authoritative answer:
//! python.org      mail exchanger = 50 mail.python.org.
//! ...
//! Exit code: 0
//! ```
//!
//! Python: `subprocess.call(['nslookup', 'www.python.org'])`, and
//! `Popen(['nslookup'], stdin=PIPE, stdout=PIPE, stderr=PIPE)` with
//! `communicate(b'set q=mx\npython.org\nexit\n')`. What to notice: the first one
//! prints by itself, whatever this program does; what the second one prints
//! comes here, and is printed when it has ended. `--server` asks another name
//! server than the system's.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use common::{program, say};
use multiproc::subprocess::{Command, call, communicate, returncode};

/// Looks names up with another program.
#[derive(Parser)]
#[command(name = "nslookup")]
struct Options {
    /// The name server to ask, with its port; the system's by default
    #[arg(long)]
    server: Option<SocketAddr>,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        say!("$ nslookup www.python.org");
        let mut nslookup = Command::new("nslookup");
        if let Some(server) = options.server {
            nslookup.arg(format!("-port={}", server.port()));
        }
        nslookup.arg("www.python.org");
        nslookup.args(options.server.map(|server| server.ip().to_string()));
        let status = call(&mut nslookup)?;
        say!("Exit code: {}", returncode(status));

        say!("$ nslookup");
        let mut input = "set q=mx\npython.org\nexit\n".to_string();
        if let Some(server) = options.server {
            let (ip, port) = (server.ip(), server.port());
            input = format!("server {ip}\nset port={port}\n{input}");
        }
        let output = communicate(&mut Command::new("nslookup"), input.as_bytes())?;
        say!("{}", String::from_utf8_lossy(&output.stdout));
        say!("Exit code: {}", returncode(output.status));
        Ok(())
    })
}
