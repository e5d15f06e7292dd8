//! Log lines with something after their action: other readers pass over it, the kernel does not. Only taken
//! when a log cannot be read otherwise.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use bytes::Bytes;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::schema::SchemaRef;
use delta_kernel::{DeltaResult, EngineData, Error as KernelError, JsonHandler};
use serde::de::IgnoredAny;

/// The actions of a log file, as the kernel wants them.
pub(super) fn parse(
    json: &dyn JsonHandler,
    file: &Bytes,
    schema: &SchemaRef,
) -> DeltaResult<Box<dyn EngineData>> {
    let actions = actions(file).ok_or_else(|| KernelError::generic("a damaged log line"))?;
    let column: ArrayRef = Arc::new(StringArray::from(actions));
    let rows = RecordBatch::try_from_iter([("action", column)])?;
    json.parse_json(Box::new(ArrowEngineData::new(rows)), schema.clone())
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
