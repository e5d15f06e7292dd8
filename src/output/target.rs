//! Where a result goes: standard output, or a file that appears only when it is complete.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};

use lakegate_base::{Error, ErrorKind, Result};

pub enum Target {
    Stdout(BufWriter<Stdout>),
    File(PartialFile),
}

/// A file under its name with `.partial` added, renamed at the end; removed when dropped before.
pub struct PartialFile {
    file: BufWriter<File>,
    /// None when written in place, as devices and pipes are.
    partial: Option<PathBuf>,
    path: PathBuf,
}

impl Target {
    pub fn stdout() -> Self {
        Self::Stdout(BufWriter::with_capacity(1 << 16, io::stdout()))
    }

    pub fn file(path: &Path) -> Result<Self> {
        let in_place = path.metadata().is_ok_and(|found| !found.is_file());
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = (!in_place).then(|| PathBuf::from(name));
        let file = File::create(partial.as_deref().unwrap_or(path)).map_err(|e| {
            Error::invalid(format!("cannot write \"{}\": {e}", path.display())).source(e)
        })?;
        let file = BufWriter::with_capacity(1 << 16, file);
        Ok(Self::File(PartialFile { file, partial, path: path.to_path_buf() }))
    }

    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout(_)) && io::stdout().is_terminal()
    }

    /// Flushes, and gives a file its name.
    pub fn finish(self) -> Result<()> {
        match self {
            Self::Stdout(mut stdout) => stdout.flush().map_err(write_error),
            Self::File(mut file) => {
                file.file.flush().map_err(write_error)?;
                file.file.get_ref().sync_all().or_else(ignore_pipes).map_err(write_error)?;
                match file.partial.take() {
                    Some(partial) => std::fs::rename(partial, &file.path).map_err(write_error),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Pipes and devices cannot be synced, and need not be.
fn ignore_pipes(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::InvalidInput { Ok(()) } else { Err(error) }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file) => file.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.file.flush(),
        }
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            // Nothing more can be done about a file that cannot be removed.
            drop(std::fs::remove_file(partial));
        }
    }
}

/// The reader went away, as `head` does: no error, just the end.
#[derive(Debug)]
struct ClosedOutput;

impl std::fmt::Display for ClosedOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the output was closed")
    }
}

impl std::error::Error for ClosedOutput {}

pub fn is_closed_output(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<ClosedOutput>())
}

/// A failure to write the output.
pub fn write_error(error: impl Into<io::Error>) -> Error {
    let error = error.into();
    match error.kind() {
        io::ErrorKind::BrokenPipe => {
            Error::new(ErrorKind::Cancelled, "the output was closed").source(ClosedOutput)
        }
        io::ErrorKind::StorageFull => Error::exhausted("the disk is full")
            .hint("Free some space, or write elsewhere with --output.")
            .source(error),
        _ => Error::unavailable(format!("cannot write the output: {error}")).source(error),
    }
}
