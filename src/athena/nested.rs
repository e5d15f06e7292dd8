//! Arrays, maps and rows in text: `[1, 2]`, `{1=2}`, `{a=1, b=null}`. Athena quotes nothing in them, so
//! they are read only where no value can hold a comma or a bracket (`Type::is_clear_in_text`).

/// The items of `[1, null]`.
pub(crate) fn items(text: &str) -> Option<Vec<Option<&str>>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    Some(listed(inner)?.into_iter().map(value).collect())
}

/// Keys and values of `{1=2, 3=null}` in turn.
pub(crate) fn entries(text: &str) -> Option<Vec<Option<&str>>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut found = Vec::new();
    for entry in listed(inner)? {
        let at = outside(entry, "=")?;
        found.extend([value(&entry[..at]), value(&entry[at + 1..])]);
    }
    Some(found)
}

/// The values of `{a=1, b=2}`, which must have these names.
pub(crate) fn fields<'a>(text: &'a str, names: &[&str]) -> Option<Vec<Option<&'a str>>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let parts = listed(inner)?;
    if parts.len() != names.len() {
        return None;
    }
    let named = parts.into_iter().zip(names);
    named.map(|(part, name)| Some(value(part.strip_prefix(name)?.strip_prefix('=')?))).collect()
}

fn value(text: &str) -> Option<&str> {
    (text != "null").then_some(text)
}

fn listed(mut text: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    if text.is_empty() {
        return Some(parts);
    }
    while let Some(at) = outside(text, ", ") {
        parts.push(&text[..at]);
        text = &text[at + 2..];
    }
    parts.push(text);
    let is_even = parts.iter().all(|part| depth(part) == 0);
    is_even.then_some(parts)
}

/// Where these characters stand first, outside of any brackets.
fn outside(text: &str, what: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(what) => return Some(at),
            _ => {}
        }
    }
    None
}

fn depth(text: &str) -> i64 {
    text.chars().fold(0, |depth, c| match c {
        '[' | '{' => depth + 1,
        ']' | '}' => depth - 1,
        _ => depth,
    })
}
