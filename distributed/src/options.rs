//! What can be varied, and the address and the key that come of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use common::program::{self, Exit};
use pymanager::AuthKey;

/// The key of the notes: known to all the world, so good on this machine only.
const KNOWN_KEY: &str = "abc";

/// Where the key may be, besides in a file.
const KEY_VARIABLE: &str = "DISTRIBUTED_AUTHKEY";

const PORT: u16 = 5000;

/// A task master and workers over the network, on the wire of Python's
/// multiprocessing.managers: either side may be a Python program.
#[derive(clap::Parser, Debug)]
#[command(
    name = "distributed",
    after_help = "Examples:\n  \
        distributed                      master and worker at once\n  \
        distributed worker --pause 0.1   help the master on 127.0.0.1:5000\n\n\
        The key is read from --authkey-file, or else from the variable DISTRIBUTED_AUTHKEY;\n\
        the default, abc, is accepted on addresses of this machine only."
)]
pub(crate) struct Options {
    /// Which side to be; both, on a port of their own, when not given
    #[arg(value_enum)]
    pub(crate) role: Option<Role>,

    /// HOST or HOST:PORT of the master [default: 127.0.0.1:5000]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    address: Option<String>,

    /// A file that holds the key
    #[arg(long, value_name = "FILE")]
    authkey_file: Option<PathBuf>,

    /// How many tasks the master puts, and a worker tries to get
    #[arg(long, default_value_t = 10)]
    pub(crate) tasks: usize,

    /// Seconds to wait for a result [default: 10], or for a task [default: 1]
    #[arg(long, value_name = "SECONDS", value_parser = program::seconds)]
    timeout: Option<Duration>,

    /// Seconds that a task takes
    #[arg(long, value_name = "SECONDS", value_parser = program::seconds, default_value = "1")]
    pub(crate) pause: Duration,

    /// Repeat the tasks of an earlier run with the same seed
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

/// The two sides.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Puts tasks and gets results
    Master,
    /// Gets tasks and puts results
    Worker,
}

/// A master to connect to.
#[derive(Debug)]
pub(crate) struct Server {
    /// As it was given, without the port.
    pub(crate) host: String,
    pub(crate) address: SocketAddr,
    pub(crate) key: AuthKey,
}

impl Options {
    /// How long the master waits for a result.
    pub(crate) fn result_timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(10))
    }

    /// How long a worker waits for a task.
    pub(crate) fn task_timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(1))
    }

    /// Whether the system is to choose the port, so that it has to be told.
    pub(crate) fn port_was_left_open(&self) -> bool {
        self.host_and_port().1 == 0
    }

    /// What the tasks are made of.
    pub(crate) fn random(&self) -> fastrand::Rng {
        self.seed
            .map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed)
    }

    /// The master at `address`, for a worker.
    pub(crate) fn server(&self, address: SocketAddr) -> anyhow::Result<Server> {
        Ok(Server {
            host: self.host_and_port().0,
            address,
            key: self.key_for(address.ip())?,
        })
    }

    /// The key, which must be a secret where others can connect.
    pub(crate) fn key_for(&self, ip: IpAddr) -> anyhow::Result<AuthKey> {
        if let Some(path) = &self.authkey_file {
            return AuthKey::from_file(path)
                .with_context(|| format!("cannot read the key from {}", path.display()));
        }
        if let Some(key) = std::env::var_os(KEY_VARIABLE).filter(|key| !key.is_empty()) {
            return Ok(AuthKey::new(key.into_vec()));
        }
        if !ip.is_loopback() {
            Err(Exit::new(
                2,
                format!(
                    "{ip} is not an address of this machine alone, and the default key is no \
                     secret: give another one by --authkey-file or {KEY_VARIABLE}"
                ),
            ))?;
        }
        Ok(AuthKey::new(KNOWN_KEY))
    }

    /// Where the master is or is to be.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        let (host, port) = self.host_and_port();
        if host.is_empty() {
            // As in Python: every address of this machine.
            return Ok((Ipv4Addr::UNSPECIFIED, port).into());
        }
        let mut found = (host.as_str(), port)
            .to_socket_addrs()
            .with_context(|| format!("cannot find the host '{host}'"))?;
        found
            .next()
            .with_context(|| format!("the host '{host}' has no address"))
    }

    fn host_and_port(&self) -> (String, u16) {
        match (&self.address, self.role) {
            // It was looked at when the options were read.
            (Some(address), _) => split(address).unwrap_or_default(),
            (None, Some(_)) => ("127.0.0.1".to_string(), PORT),
            (None, None) => ("127.0.0.1".to_string(), 0),
        }
    }
}

fn address(text: &str) -> Result<String, String> {
    split(text).map(|_| text.to_string())
}

/// `HOST`, `HOST:PORT`, `[IPV6]:PORT` or an IPv6 address alone.
fn split(address: &str) -> Result<(String, u16), String> {
    let bare = |host: &str| {
        host.trim_start_matches('[')
            .trim_end_matches(']')
            .to_string()
    };
    if address.parse::<IpAddr>().is_ok() || address.ends_with(']') {
        return Ok((bare(address), PORT));
    }
    match address.rsplit_once(':') {
        Some((host, port)) => match port.parse() {
            Ok(port) => Ok((bare(host), port)),
            Err(_) => Err(format!("'{port}' is no port: it is a number up to 65535")),
        },
        None => Ok((bare(address), PORT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_with_or_without_a_port() {
        for (text, host, port) in [
            ("10.0.0.7", "10.0.0.7", 5000),
            ("10.0.0.7:81", "10.0.0.7", 81),
            ("example.org", "example.org", 5000),
            ("example.org:81", "example.org", 81),
            (":81", "", 81),
            ("::1", "::1", 5000),
            ("[::1]", "::1", 5000),
            ("[::1]:81", "::1", 81),
        ] {
            assert_eq!(split(text), Ok((host.to_string(), port)), "{text}");
        }
        for wrong in ["example.org:port", "1.2.3.4:99999", "1.2.3.4:-1"] {
            assert!(split(wrong).unwrap_err().contains("is no port"), "{wrong}");
        }
    }
}
