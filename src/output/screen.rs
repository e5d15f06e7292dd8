//! What commands tell a person: reports on standard output, progress and errors on standard error.

use std::io::{self, Write};
use std::time::Duration;

use console::{Style, style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lakegate_base::{Error, Result};

use super::write_error;

/// Lines on standard output. A closed one ends the command quietly.
#[derive(Default)]
pub struct Screen;

/// How a line of a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    Good,
    Bad,
    /// Neither: unused, or not set.
    Note,
}

impl Screen {
    pub fn line(&self, text: impl AsRef<str>) -> Result<()> {
        writeln!(io::stdout(), "{}", text.as_ref()).map_err(write_error)?;
        io::stdout().flush().map_err(write_error)
    }

    pub fn heading(&self, text: &str) -> Result<()> {
        self.line(style(text).bold().to_string())
    }

    /// `✓ what  said`, and what to do about it on a line of its own.
    pub fn report(&self, report: Report, what: &str, said: &str) -> Result<()> {
        let (sign, colour) = match report {
            Report::Good => ("✓", Style::new().green()),
            Report::Bad => ("✗", Style::new().red()),
            Report::Note => ("·", Style::new().dim()),
        };
        self.line(format!("{} {what:<24} {said}", colour.apply_to(sign)))
    }

    pub fn error(&self, what: &str, error: &Error) -> Result<()> {
        self.report(Report::Bad, what, error.message())?;
        match error.hint_text() {
            Some(hint) => self.hint(hint),
            None => Ok(()),
        }
    }

    pub fn hint(&self, text: &str) -> Result<()> {
        self.line(format!("  {:24} {}", "", style(text).dim()))
    }
}

/// `error: …` and `hint: …` on standard error. Nothing is left to do when that is closed too.
pub fn report_error(error: &Error) {
    let mut stderr = io::stderr();
    let label = style("error:").for_stderr().red().bold();
    drop(writeln!(stderr, "{label} {}", one_line(error.message())));
    if let Some(hint) = error.hint_text() {
        let label = style("hint:").for_stderr().cyan().bold();
        drop(writeln!(stderr, "{label} {}", one_line(hint)));
    }
}

fn one_line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Progress over a known count, on standard error; invisible when that is no terminal.
pub fn progress_bar(what: &str, total: u64) -> ProgressBar {
    bar(ProgressBar::new(total), "{prefix:>10} {bar:30} {pos}/{len} {wide_msg}", what)
}

/// Progress over an unknown count.
pub fn spinner(what: &str) -> ProgressBar {
    bar(ProgressBar::new_spinner(), "{prefix:>10} {spinner} {wide_msg}", what)
}

fn bar(bar: ProgressBar, template: &str, what: &str) -> ProgressBar {
    bar.set_draw_target(ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(template).expect("the templates here are valid");
    bar.set_style(style);
    bar.set_prefix(what.to_string());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Columns a text takes on a terminal.
pub fn text_width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { console::measure_text_width(text) }
}

/// `12 ms`, `3.4 s`, `2 min 5 s`.
pub fn short_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60),
    }
}

/// `1234567` → `1,234,567`.
pub fn thousands(count: impl std::fmt::Display) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
