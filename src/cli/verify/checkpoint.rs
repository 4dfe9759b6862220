//! The checkpoint file: read before a run, and replaced as a whole after it.

use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::outcome::Outcome;
use anyhow::{Context, Result, anyhow, bail};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Reads the file. One that is not there is empty.
pub fn read(file: &Path) -> Result<Checkpoint> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("reading --checkpoint {}", file.display())),
    };
    let teach = "nothing was verified. Restore the file, or verify all again with a new one";
    let checkpoint = Checkpoint::read(&text).map_err(|why| anyhow!("--checkpoint {}: {why}; {teach}", file.display()))?;
    for run in checkpoint.not_intact() {
        anstream::eprintln!("Note: by --checkpoint, the archive was not intact as of {}; that is not verified again", run.until);
    }
    Ok(checkpoint)
}

/// Adds the run and puts the new file in the place of the old one: what was there is not lost if the machine stops.
pub fn write(file: &Path, checkpoint: &mut Checkpoint, outcome: &Outcome) -> Result<()> {
    if let Some(last) = checkpoint.last().filter(|last| last.bucket != outcome.bucket) {
        let (of, now) = (&last.bucket, &outcome.bucket);
        bail!("--checkpoint {} is of bucket {of}, and {now} was verified: use another file for each archive", file.display());
    }
    checkpoint.add(outcome)?;
    let beside = file.with_extension("new");
    let replace = || {
        let mut new = std::fs::File::create(&beside)?;
        new.write_all(checkpoint.text().as_bytes())?;
        new.sync_all()?;
        std::fs::rename(&beside, file)
    };
    replace().with_context(|| format!("writing --checkpoint {}", file.display()))?;
    anstream::eprintln!("Checkpoint {}: its last line is {}", file.display(), checkpoint.hash());
    Ok(())
}
