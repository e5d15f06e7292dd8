//! One row as lines of `name │ value`, for results wider than the terminal.

use console::Style;

use super::screen::text_width;
use super::table::{Column, Row};

pub fn record(number: usize, columns: &[Column], row: &Row) -> String {
    let width = columns.iter().map(|column| text_width(&column.name)).max().unwrap_or(0);
    let (bold, dim) = (Style::new().bold(), Style::new().dim());
    let mut lines = vec![dim.apply_to(format!("── row {number} ──")).to_string()];
    for (column, cell) in columns.iter().zip(row) {
        let padding = " ".repeat(width - text_width(&column.name));
        let name = bold.apply_to(&column.name);
        let value = cell.clone().unwrap_or_else(|| dim.apply_to("∅").to_string());
        lines.push(format!(" {name}{padding} │ {value}"));
    }
    lines.join("\n")
}
