//! Another machine: a network namespace, which has addresses of its own.

use std::process::Command;

/// A network namespace with one link to us, gone when dropped.
pub(crate) struct Away {
    /// The namespace.
    pub(crate) name: String,
    /// Our end of the link.
    pub(crate) link: String,
    /// Our address on it.
    pub(crate) here: String,
}

impl Away {
    pub(crate) fn new() -> Self {
        let id = std::process::id();
        let (name, link) = (format!("away-{id}"), format!("away{id}a"));
        let there = format!("away{id}b");
        // In 198.18.0.0/15, which is for such tests (RFC 2544).
        let net = format!("198.18.{}", id % 250);
        ip(&format!("netns add {name}"));
        let away = Away {
            here: format!("{net}.1"),
            link,
            name,
        };
        let (name, link) = (&away.name, &away.link);
        ip(&format!(
            "link add {link} type veth peer name {there} netns {name}"
        ));
        ip(&format!("addr add {net}.1/24 dev {link}"));
        ip(&format!("link set {link} up"));
        ip(&format!("-n {name} addr add {net}.2/24 dev {there}"));
        ip(&format!("-n {name} link set {there} up"));
        away
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        // Its end of the link goes with it, and ours too.
        ip(&format!("netns del {}", self.name));
    }
}

/// `ip` with these arguments.
pub(crate) fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).output();
    let done = done.expect("`ip` of iproute2 has to be installed");
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "ip {arguments}: {told}(needs root)");
}
