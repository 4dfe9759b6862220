//! Listen ports that several labs and tests on one machine can choose at the same time.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// Below the ephemeral range, where an outgoing connection of any program could take the port between choosing and
/// listening.
const RANGE: std::ops::Range<u16> = 16_000..32_000;
const ATTEMPTS: usize = 200;

/// A port that was free and that no other [`Port`] of this user holds, in any process, for as long as this lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// The operating system drops the lock with the process, however that ends.
    _lock: File,
}

impl Port {
    pub fn reserve() -> Result<Self> {
        let locks = lock_dir()?;
        for _ in 0..ATTEMPTS {
            let number = fastrand::u16(RANGE);
            let path = locks.join(number.to_string());
            let lock = File::create(&path).with_context(|| format!("reserving a port with {}", path.display()))?;
            if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        bail!("no free port found in {ATTEMPTS} tries between {} and {}", RANGE.start, RANGE.end)
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}

fn lock_dir() -> Result<PathBuf> {
    let dir = std::env::temp_dir().join(format!("trailkeeper-ports-{}", nix::unistd::getuid()));
    std::fs::create_dir_all(&dir).with_context(|| format!("creating {} to reserve ports", dir.display()))?;
    Ok(dir)
}
