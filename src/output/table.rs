//! A result for reading: aligned columns, numbers to the right, NULL as `∅`. Column widths come from the
//! first rows, so that a long result streams.

use std::io::Write;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use console::Style;
use lakegate_base::Result;

use super::ResultWriter;
use super::cells::CellFormat;
use super::expanded;
use super::screen::{short_duration, text_width, thousands};
use super::target::{Target, write_error};

/// Rows that are measured before the first one is shown.
const ROWS_MEASURED_MAX: usize = 500;
/// On a terminal, longer values are cut.
const CELL_WIDTH_MAX: usize = 60;
/// From here on a file serves the reader better.
const ROWS_READABLE_MAX: usize = 10_000;

pub type Row = Vec<Option<String>>;

pub struct TableWriter {
    target: Target,
    format: CellFormat,
    columns: Vec<Column>,
    /// Rows kept back until the widths are known.
    waiting: Vec<Row>,
    layout: Option<Layout>,
    /// The terminal's width, when there is one.
    terminal_width: Option<usize>,
    row_count: usize,
    cut_count: usize,
}

pub struct Column {
    pub name: String,
    right: bool,
    width: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Layout {
    Aligned,
    /// One line per value, when the columns do not fit side by side.
    Expanded,
}

impl TableWriter {
    pub fn new(target: Target, schema: &Schema) -> Self {
        let columns = schema.fields().iter().map(|field| Column {
            name: printable(field.name()),
            right: field.data_type().is_numeric(),
            width: 0,
        });
        let terminal = target.is_terminal();
        let size = terminal.then(|| console::Term::stdout().size_checked()).flatten();
        Self {
            target,
            format: CellFormat::new(),
            columns: columns.collect(),
            waiting: Vec::new(),
            layout: None,
            terminal_width: terminal.then(|| size.map_or(80, |(_, width)| width.into())),
            row_count: 0,
            cut_count: 0,
        }
    }

    fn rows(&mut self, batch: &RecordBatch) -> Result<Vec<Row>> {
        let mut columns = self.format.columns(batch)?;
        let mut text = String::new();
        let cut = self.terminal_width.is_some();
        let mut rows = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let mut cells = Row::with_capacity(columns.len());
            for column in &mut columns {
                let shown = column.read(row, &mut text)?.then(|| printable(&text));
                cells.push(match shown {
                    Some(long) if cut && text_width(&long) > CELL_WIDTH_MAX => {
                        self.cut_count += 1;
                        Some(console::truncate_str(&long, CELL_WIDTH_MAX, "…").into_owned())
                    }
                    other => other,
                });
            }
            rows.push(cells);
        }
        Ok(rows)
    }

    /// Fixes the widths by the rows seen so far, and shows them.
    fn begin(&mut self) -> Result<()> {
        for (index, column) in self.columns.iter_mut().enumerate() {
            let cells = self.waiting.iter().map(|row| row[index].as_deref().map_or(1, text_width));
            column.width = cells.max().unwrap_or(0).max(text_width(&column.name));
        }
        let total: usize = self.columns.iter().map(|column| column.width + 3).sum();
        let wide = self.terminal_width.is_some_and(|width| total > width + 1);
        let expanded = wide && !self.waiting.is_empty();
        self.layout = Some(if expanded { Layout::Expanded } else { Layout::Aligned });
        if !expanded {
            self.show_header()?;
        }
        for row in std::mem::take(&mut self.waiting) {
            self.show(&row)?;
        }
        Ok(())
    }

    fn show_header(&mut self) -> Result<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let bold = self.style(Style::new().bold());
        let names = self.columns.iter().map(|column| {
            let padding = " ".repeat(column.width - text_width(&column.name));
            let name = bold.apply_to(&column.name);
            if column.right { format!(" {padding}{name} ") } else { format!(" {name}{padding} ") }
        });
        let header = names.collect::<Vec<_>>().join("│");
        let rule: Vec<String> = self.columns.iter().map(|c| "─".repeat(c.width + 2)).collect();
        self.line(header.trim_end())?;
        self.line(&rule.join("┼"))
    }

    fn show(&mut self, row: &Row) -> Result<()> {
        self.row_count += 1;
        if self.layout == Some(Layout::Expanded) {
            let text = expanded::record(self.row_count, &self.columns, row);
            return self.line(&text);
        }
        let null = self.style(Style::new().dim()).apply_to("∅").to_string();
        let mut line = String::new();
        for (index, (column, cell)) in self.columns.iter().zip(row).enumerate() {
            if index > 0 {
                line.push('│');
            }
            let (text, width) = match cell {
                Some(text) => (text.as_str(), text_width(text)),
                None => (null.as_str(), 1),
            };
            let padding = " ".repeat(column.width.saturating_sub(width));
            let parts = if column.right { [&padding, text] } else { [text, &padding] };
            line.extend([" ", parts[0], parts[1], " "]);
        }
        self.line(line.trim_end())
    }

    fn line(&mut self, text: &str) -> Result<()> {
        writeln!(self.target, "{text}").map_err(write_error)
    }

    /// Plain, unless a person reads it.
    fn style(&self, style: Style) -> Style {
        if self.terminal_width.is_some() { style } else { Style::new() }
    }
}

impl ResultWriter for TableWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        for row in self.rows(batch)? {
            if self.layout.is_some() {
                self.show(&row)?;
                continue;
            }
            self.waiting.push(row);
            if self.waiting.len() >= ROWS_MEASURED_MAX {
                self.begin()?;
            }
        }
        // A slow query shows its first rows when they come.
        if self.layout.is_some() { self.target.flush().map_err(write_error) } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>, elapsed: Duration) -> Result<()> {
        if self.layout.is_none() {
            self.begin()?;
        }
        let noun = if self.row_count == 1 { "row" } else { "rows" };
        let count = thousands(self.row_count);
        let mut notes = vec![format!("({count} {noun}, {})", short_duration(elapsed))];
        if self.cut_count > 0 {
            notes.push("Long values end in …; --format csv or json shows them whole.".into());
        }
        if self.row_count > ROWS_READABLE_MAX {
            notes.push("To keep a long result: --format parquet --output FILE.".into());
        }
        let dim = self.style(Style::new().dim());
        for note in notes {
            let note = dim.apply_to(note).to_string();
            self.line(&note)?;
        }
        self.target.finish()
    }
}

/// Keeps values on one line, and control characters of stored data away from the terminal.
fn printable(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_string();
    }
    let shown = text.chars().flat_map(|c| match c {
        '\n' => "⏎".chars().collect::<Vec<_>>(),
        '\t' => vec![' '],
        c if c.is_control() => c.escape_unicode().collect(),
        c => vec![c],
    });
    shown.collect()
}
