//! The columns of an answer, from the plan that `EXPLAIN (FORMAT JSON)` gives: it runs nothing and costs
//! nothing.
//!
//! The plan's root is an `Output` with the columns' names in its descriptor and their types in its outputs.
//! It stands alone (a logical plan) or as fragment 0 of several (a distributed one).

use lakegate_base::{Error, Result};
use serde_json::Value;

use crate::cells::{Column, Shape};

/// What to ask for the plan of a statement.
pub(crate) fn question(text: &str) -> String {
    format!("EXPLAIN (FORMAT JSON) {text}")
}

/// From the lines that Athena answered; a line that names the column may stand before them.
pub(crate) fn shape(text: &str) -> Result<Shape> {
    let start = text.find('{').ok_or_else(|| unknown("no JSON"))?;
    let mut plans = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    let plan = plans.next().and_then(Result::ok).ok_or_else(|| unknown("no JSON"))?;
    let root = if plan.get("name").is_some() { Some(&plan) } else { plan.get("0") };
    let root = root.filter(|root| root.get("name").and_then(Value::as_str) == Some("Output"));
    let root = root.ok_or_else(|| unknown("no Output"))?;
    let names = root.pointer("/descriptor/columnNames").and_then(Value::as_str);
    let names = names.and_then(|names| names.strip_prefix('[')?.strip_suffix(']'));
    let names = names.ok_or_else(|| unknown("no columnNames"))?;
    let outputs = root.get("outputs").and_then(Value::as_array);
    let outputs = outputs.ok_or_else(|| unknown("no outputs"))?;
    let names: Vec<&str> = names.split(", ").collect();
    // Names are written without quotes: one with a comma within cannot be told from two.
    if names.len() != outputs.len() {
        return Err(Error::unsupported("a name with a comma in Athena's answer")
            .hint("Give every column of the SELECT list a plain name: expr AS name."));
    }
    let columns = names.iter().zip(outputs).map(|(name, output)| {
        let of = output.get("type").and_then(Value::as_str);
        Column::new(name, of.ok_or_else(|| unknown("an output without a type"))?)
    });
    Ok(Shape::new(columns.collect::<Result<_>>()?))
}

fn unknown(what: &str) -> Error {
    Error::internal(format!("Athena's plan has a shape that Lakegate does not know: {what}"))
        .hint("Please report this, with the output of EXPLAIN (FORMAT JSON) in Athena's console.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Type;

    const ROOT: &str = r#"{"id": "9", "name": "Output",
        "descriptor": {"columnNames": "[region, _col1]"},
        "outputs": [{"symbol": "region", "type": "varchar(25)"},
                    {"name": "sum", "type": "decimal(38,2)"}],
        "details": ["_col1 := sum"], "children": []}"#;

    #[test]
    fn a_plan_gives_names_and_types() {
        let distributed = format!("Query Plan\n{{\"0\": {ROOT}, \"1\": {{\"name\": \"Scan\"}}}}\n");
        for text in [ROOT, &distributed] {
            let shape = shape(text).expect("a plan");
            let found: Vec<_> = shape.columns.iter().map(|c| (c.name.as_str(), &c.of)).collect();
            assert_eq!(found, [("region", &Type::Text), ("_col1", &Type::Decimal(38, 2))]);
        }
    }

    #[test]
    fn other_shapes_are_refused_by_name() {
        let refused = |text: &str| shape(text).expect_err(text).message().to_string();
        assert!(refused("Output[a]").ends_with("no JSON"));
        assert!(refused(r#"{"name": "Output"}"#).ends_with("no columnNames"));
        assert!(refused(r#"{"inputTableColumnInfos": []}"#).ends_with("no Output"));
        assert!(refused(&ROOT.replace("[region, ", "[a, b, ")).contains("a comma"));
    }
}
