//! Log lines with something after their action: other readers pass over it, the kernel does not. Only taken
//! when a log cannot be read otherwise.

use std::io::Cursor;
use std::num::NonZero;
use std::sync::Arc;

use arrow::json::ReaderBuilder;
use delta_kernel::engine::arrow_utils::{
    build_json_reorder_indices, fixup_json_read, json_arrow_schema,
};
use delta_kernel::schema::SchemaRef;
use delta_kernel::{DeltaResult, EngineData, Error as KernelError, FileDataReadResultIterator};
use serde::de::IgnoredAny;
use url::Url;

/// The actions of a log file, in batches as the kernel wants them.
pub(super) fn parse(
    url: &Url,
    file: &[u8],
    schema: &SchemaRef,
    batch_rows: NonZero<usize>,
) -> DeltaResult<FileDataReadResultIterator> {
    let actions = actions(file).ok_or_else(|| KernelError::generic("a damaged log line"))?;
    let columns = Arc::new(json_arrow_schema(schema)?);
    let reader = ReaderBuilder::new(columns)
        .with_batch_size(batch_rows.get())
        .with_coerce_primitive(true)
        .build(Cursor::new(actions.join("\n")))?;
    // Columns that are not in the file, its name above all.
    let (order, name) = (build_json_reorder_indices(schema)?, url.to_string());
    let mut failed = false;
    let batches = reader.take_while(move |batch| !std::mem::replace(&mut failed, batch.is_err()));
    Ok(Box::new(batches.map(move |batch| {
        Ok(Box::new(fixup_json_read(batch?, &order, &name)?) as Box<dyn EngineData>)
    })))
}

/// The JSON object each line begins with. None when a line begins otherwise, or holds a second object:
/// which of the two counts would be a guess.
fn actions(file: &[u8]) -> Option<Vec<&str>> {
    let text = std::str::from_utf8(file).ok()?;
    let mut actions = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut values = serde_json::Deserializer::from_str(line).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let (action, rest) = line.split_at_checked(values.byte_offset())?;
        if !action.starts_with('{') || rest.contains('{') {
            return None;
        }
        actions.push(action);
    }
    Some(actions)
}

#[cfg(test)]
mod tests {
    use super::actions;

    #[test]
    fn what_follows_an_action_is_passed_over() {
        let text = "{\"a\":{}}\u{0}\u{0}\r\n\n {\"b\":\"}\"}}\"\n";
        assert_eq!(actions(text.as_bytes()), Some(vec!["{\"a\":{}}", "{\"b\":\"}\"}"]));
        for text in ["{\"a\":", "x", "[1]", "{}{}", "{} {\"add\":1", "\u{0}{}"] {
            assert_eq!(actions(text.as_bytes()), None, "{text}");
        }
        assert_eq!(actions(b"{}\xFF"), None);
    }
}
