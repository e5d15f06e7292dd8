use std::fs;
use std::path::PathBuf;

use lakegate_base::{Error, Result};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::{Columns, Kind, from_athena, to_athena};

const KINDS: [(&str, Kind); 14] = [
    ("real", Kind::Real),
    ("boolean", Kind::Boolean),
    ("integer", Kind::Integer),
    ("decimal", Kind::Decimal),
    ("double", Kind::Double),
    ("text", Kind::Text),
    ("bytes", Kind::Bytes),
    ("date", Kind::Date),
    ("time", Kind::Time),
    ("timestamp", Kind::Timestamp),
    ("timestamptz", Kind::TimestampTz),
    ("json", Kind::Json),
    ("array", Kind::Array),
    ("other", Kind::Other),
];

fn corpus(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/dialect").join(folder)
}

/// The columns of all tables of the corpus: `kind: name, name`.
fn columns() -> Columns {
    let text = fs::read_to_string(corpus("columns.txt")).expect("the corpus's columns");
    let mut columns = Columns::default();
    for line in text.lines() {
        let (kind, names) = line.split_once(": ").expect("a kind and names");
        let known = KINDS.iter().find(|(name, _)| *name == kind).expect("a known kind").1;
        names.split(", ").for_each(|name| columns.add(name, known));
    }
    columns
}

fn to(sql: &str) -> Result<String> {
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql);
    let mut parsed = parsed.map_err(|error| Error::syntax(format!("syntax: {error}")))?;
    to_athena(&parsed.remove(0), "lake", &columns())
}

fn from(sql: &str) -> Result<String> {
    from_athena(sql, &columns()).map(|tree| tree.to_string())
}

/// A case as its file has it: the statement, and behind it what becomes of it.
fn written(sql: &str, result: Result<String>) -> String {
    match result {
        Ok(text) => format!("{sql}\n-- becomes\n{text}\n"),
        Err(error) => {
            assert!(
                error.hint_text().is_some() || error.message().starts_with("syntax"),
                "no hint: {error}"
            );
            format!("{sql}\n-- refused: {error}\n")
        }
    }
}

/// Every file of a folder: its path, its statements, and the whole text that is expected of it.
fn renewed(
    folder: &str,
    translate: fn(&str) -> Result<String>,
) -> Vec<(PathBuf, String, String, usize)> {
    let entries = fs::read_dir(corpus(folder)).expect("a folder of the corpus");
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a file of the corpus");
        let mut blocks = Vec::new();
        let mut count = 0;
        for block in text.trim().split("\n\n") {
            let sql = block.split("\n-- ").next().expect("a first part");
            if sql.starts_with("-- ") {
                blocks.push(format!("{block}\n"));
                continue;
            }
            count += 1;
            blocks.push(written(sql, translate(sql)));
        }
        files.push((path, text, blocks.join("\n"), count));
    }
    files
}

fn check(folder: &str, translate: fn(&str) -> Result<String>) -> usize {
    let files = renewed(folder, translate);
    for (path, expected, found, _) in &files {
        let lines = expected.lines().zip(found.lines()).find(|(one, other)| one != other);
        assert_eq!(expected, found, "{}: first difference {lines:#?}", path.display());
    }
    files.iter().map(|(.., count)| count).sum()
}

#[test]
fn the_corpus_is_translated_as_written() {
    let count = check("to_athena", to) + check("from_athena", from);
    assert!(count >= 470, "{count} statements");
}

/// For new statements: `cargo test -p lakegate-athena -- --ignored`, and read what was written.
#[test]
#[ignore = "writes the corpus anew"]
fn write_the_corpus() {
    for (path, _, found, _) in
        renewed("to_athena", to).into_iter().chain(renewed("from_athena", from))
    {
        fs::write(path, found).expect("a file written");
    }
}

#[test]
fn deep_statements_are_refused() {
    let sql = format!("SELECT {}1", "1 + ".repeat(500));
    let error = to(&sql).expect_err("too deep");
    assert!(error.message().contains("nested too deeply"), "{error}");
}

/// Each repeats its operands, so eighteen of them would be half a million.
#[test]
fn guards_in_guards_are_refused() {
    let sql = format!("SELECT {}x{} FROM t", "x / (".repeat(18), ")".repeat(18));
    let error = to(&sql).expect_err("too large");
    assert!(error.message().contains("nested too deeply"), "{error}");
}

/// The parser tries each of these as several things, and so all within them.
#[test]
fn calls_in_calls_cost_no_time() {
    let sql = format!("SELECT {}1{} FROM t", "greatest(n, ".repeat(40), ")".repeat(40));
    let error = from(&sql).expect_err("too deep");
    assert!(error.message().contains("nested too deeply"), "{error}");
}

#[test]
fn a_text_longer_than_athena_takes_is_refused() {
    let list = vec!["1234567890"; 30_000].join(", ");
    let error = to(&format!("SELECT 1 FROM t WHERE n IN ({list})")).expect_err("too long");
    assert!(error.message().contains("bytes for Athena"), "{error}");
}

/// Arguments that are no expressions, and too few of them, are refused and never looked at.
#[test]
fn odd_arguments_are_refused() {
    for name in ["round", "year", "date_trunc", "element_at", "power", "substr", "to_char", "avg"] {
        for args in ["", "*", "*, 2", "x, *, 1"] {
            let sql = format!("SELECT {name}({args}) FROM t");
            let (one, other) = (to(&sql), from(&sql));
            assert!(one.is_err() && other.is_err(), "{sql}: {one:?}, {other:?}");
        }
    }
}
