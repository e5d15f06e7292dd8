//! The house rules that a machine can check: layers, sizes, banned calls, no traces of one machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 600;
const LINE_COLUMNS_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 70;
const MAP_LINES_MAX: usize = 200;

/// Not outside tests: a panic or a print where an `Error` belongs. Split, so as not to find themselves.
const BANNED_CALLS: [&str; 9] = [
    concat!(".unwr", "ap()"),
    concat!(".expe", "ct(\"\")"),
    concat!("print", "ln!("),
    concat!("eprint", "!("),
    concat!("tod", "o!("),
    concat!("unimpl", "emented!("),
    concat!("db", "g!("),
    concat!("pan", "ic!("),
    concat!("process::ex", "it("),
];

/// Nowhere: paths of one machine, and notes to oneself.
const BANNED_WORDS: [&str; 6] = [
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with every finding, not just the first.
fn assert_clean(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn crates_depend_only_on_crates_listed_before_them() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the root manifest");
    let list = manifest.split_once("members = [").expect("a member list").1;
    let list = list.split_once(']').expect("its end").0;
    let members: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    assert!(members.contains(&"src/base"), "members are read: {members:?}");
    let rank: BTreeMap<String, usize> = members
        .iter()
        .enumerate()
        .map(|(rank, path)| (path.replace("src/", "lakegate-"), rank))
        .collect();
    let mut findings = Vec::new();
    for (own, path) in members.iter().enumerate() {
        let manifest =
            fs::read_to_string(root().join(path).join("Cargo.toml")).expect("a manifest");
        for line in manifest.lines().filter(|line| line.starts_with("lakegate-")) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            match rank.get(name) {
                Some(other) if *other < own => {}
                _ => findings
                    .push(format!("{path} depends on {name}, which is not listed before it")),
            }
        }
    }
    assert_clean(&findings);
}

#[test]
fn foreign_words_stay_at_their_edge() {
    let edges = [
        ("datafusion", "src/engine/"),
        ("pgwire", "src/pg/"),
        ("arrow_flight", "src/flight/"),
        ("tonic", "src/flight/"),
        ("deltalake", "src/formats/"),
        ("rusqlite", "src/catalog/"),
        ("figment", "src/config/"),
    ];
    let mut findings = Vec::new();
    for (path, text) in rust_sources(&["src"]) {
        for (word, home) in edges {
            let using = format!("use {word}");
            let pathed = format!("{word}::");
            let found = text.contains(&using) || text.contains(&pathed);
            if found && !path.starts_with(home) {
                findings.push(format!("{path} uses {word}, which belongs to {home}"));
            }
        }
    }
    assert_clean(&findings);
}

#[test]
fn files_and_lines_stay_small() {
    let mut findings = Vec::new();
    for (path, text) in rust_sources(&["src", "tests"]) {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            findings.push(format!("{path}: {lines} lines, more than {FILE_LINES_MAX}"));
        }
        for (index, line) in text.lines().enumerate() {
            // Long texts cannot be broken without breaking what they say.
            let is_text = line.contains('"') || line.ends_with('\\');
            if line.chars().count() > LINE_COLUMNS_MAX && !is_text && !is_comment(line) {
                let number = index + 1;
                findings.push(format!("{path}:{number}: more than {LINE_COLUMNS_MAX} columns"));
            }
        }
    }
    let map = fs::read_to_string(root().join("src/README.md")).expect("the map");
    if map.lines().count() > MAP_LINES_MAX {
        findings.push(format!("src/README.md: more than {MAP_LINES_MAX} lines"));
    }
    assert_clean(&findings);
}

/// Comments may be a little wider: rustfmt leaves them as they are.
fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//") && line.chars().count() <= LINE_COLUMNS_MAX + 10
}

#[test]
fn functions_stay_small() {
    let long = format!("    fn long() {{\n{}    }}\n", "        x();\n".repeat(69));
    assert_eq!(functions(&long), [(1, 71)], "the check itself counts");
    let mut findings = Vec::new();
    for (path, text) in rust_sources(&["src"]) {
        for (number, lines) in functions(before_tests(&path, &text)) {
            if lines > FUNCTION_LINES_MAX {
                findings.push(format!("{path}:{number}: a function of {lines} lines"));
            }
        }
    }
    assert_clean(&findings);
}

/// Where each function starts, and how many lines it has. rustfmt puts its closing brace under its first
/// letter; a signature without a body ends in a semicolon.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate().filter(|(_, l)| is_function(l.trim_start())) {
        let indent = &line[..line.len() - line.trim_start().len()];
        let ends = |offset: usize, l: &str| match l.strip_prefix(indent) {
            _ if offset == 0 => l.ends_with(['}', ';']),
            Some(rest) => rest == "}" || (rest.starts_with(')') && rest.ends_with(';')),
            None => false,
        };
        let end = lines[start..].iter().enumerate().position(|(offset, l)| ends(offset, l));
        found.push((start + 1, end.map_or(0, |end| end + 1)));
    }
    found
}

fn is_function(line: &str) -> bool {
    let mut rest = line;
    if let Some(public) = rest.strip_prefix("pub") {
        let scoped = || public.split_once(") ").map(|(_, rest)| rest);
        rest = public.strip_prefix(' ').or_else(scoped).unwrap_or(rest);
    }
    for word in ["const ", "async "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    rest.starts_with("fn ")
}

#[test]
fn lossy_casts_are_denied_where_bytes_come_from_outside() {
    for name in ["access", "pg", "flight", "store", "formats"] {
        let text = fs::read_to_string(root().join(format!("src/{name}/lib.rs"))).expect("a crate");
        let denied = text.contains("#![deny(") && text.contains("clippy::cast_possible_truncation");
        assert!(denied, "src/{name}/lib.rs does not deny lossy integer casts");
    }
}

#[test]
fn no_panics_or_prints_outside_tests() {
    let mut findings = Vec::new();
    for (path, text) in rust_sources(&["src"]) {
        for (index, line) in before_tests(&path, &text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for call in BANNED_CALLS.iter().filter(|call| code.contains(**call)) {
                findings.push(format!("{path}:{}: {call}", index + 1));
            }
        }
    }
    assert_clean(&findings);
}

#[test]
fn no_traces_of_one_machine() {
    let mut findings = Vec::new();
    for (path, text) in
        sources(&["src", "tests", "sql", "benches", ".ci", "README.md", "Cargo.toml"])
    {
        for (index, line) in text.lines().enumerate() {
            for word in BANNED_WORDS.iter().filter(|word| line.contains(**word)) {
                findings.push(format!("{path}:{}: {word}", index + 1));
            }
        }
    }
    assert_clean(&findings);
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut findings = Vec::new();
    for (path, text) in rust_sources(&["src", "tests"]) {
        let is_test = path.ends_with("tests.rs") || path.contains("/tests/");
        if !is_test && !text.starts_with("//! ") {
            findings.push(format!("{path} does not begin with a sentence of purpose"));
        }
    }
    assert_clean(&findings);
}

/// The part of a file that ships: without its trailing test module; nothing of files of tests.
fn before_tests<'a>(path: &str, text: &'a str) -> &'a str {
    let is_test = path.ends_with("tests.rs") || path.contains("/tests/");
    if is_test { "" } else { text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default() }
}

fn rust_sources(folders: &[&str]) -> impl Iterator<Item = (String, String)> {
    sources(folders).into_iter().filter(|(path, _)| path.ends_with(".rs"))
}

/// Every text file at or below the given places, by its path from the root.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), &mut found);
    }
    assert!(!found.is_empty(), "no source below {folders:?}");
    found
}

fn collect(place: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        collect(&entry.path(), found);
    }
    let kept = ["rs", "sql", "sh", "py", "md", "toml", "slt"];
    let known = place.extension().and_then(|e| e.to_str()).is_none_or(|e| kept.contains(&e));
    let shown = place.strip_prefix(root()).unwrap_or(place).to_string_lossy().into_owned();
    // Folders, and files that are no text, are no sources.
    if let (true, Ok(text)) = (known, fs::read_to_string(place)) {
        found.push((shown, text));
    }
}
