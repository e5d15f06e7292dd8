//! Casts that need more than Arrow knows: to text as Postgres prints it, and to and from the types that
//! name objects (`regclass`, `regtype`, …), looked up when the query runs.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, Subject};

use super::catalog::{identifier_parts, relation_oid};
use super::print;
use super::scalar::{Function, Kind, Value, external, function};
use crate::system::types::PG_TYPE;
use crate::system::{RowType, SessionFacts, bootstrap, role_oid, types};

/// The function a cast to text becomes.
pub const TO_TEXT: &str = "pg_text";

/// Types whose values are OIDs and whose text is a name, and the functions a cast to them becomes.
pub const OBJECT_TYPES: [(&str, &str); 12] = [
    ("regclass", "pg_regclass"),
    ("regtype", "pg_regtype"),
    ("regproc", "pg_regproc"),
    ("regprocedure", "pg_regprocedure"),
    ("regoper", "pg_regoper"),
    ("regoperator", "pg_regoperator"),
    ("regcollation", "pg_regcollation"),
    ("regconfig", "pg_regconfig"),
    ("regdictionary", "pg_regdictionary"),
    ("regnamespace", "pg_regnamespace"),
    ("regrole", "pg_regrole"),
    ("oid", "pg_oid"),
];

/// The function [`TO_TEXT`].
pub fn to_text(facts: &Arc<dyn SessionFacts>) -> ScalarUDF {
    let signature = Signature::any(1, Volatility::Stable);
    ScalarUDF::from(ToText { facts: Arc::clone(facts), signature })
}

pub fn functions(facts: &Arc<dyn SessionFacts>) -> Vec<ScalarUDF> {
    let mut functions = vec![to_text(facts)];
    let kinds = [
        ("pg_regclass", "to_regclass", "regclass"),
        ("pg_regtype", "to_regtype", "regtype"),
        ("pg_regproc", "to_regproc", "regproc"),
        ("pg_regprocedure", "to_regprocedure", "regprocedure"),
        ("pg_regoper", "to_regoper", "regoper"),
        ("pg_regoperator", "to_regoperator", "regoperator"),
        ("pg_regcollation", "to_regcollation", "regcollation"),
        ("pg_regnamespace", "to_regnamespace", "regnamespace"),
        ("pg_regrole", "to_regrole", "regrole"),
    ];
    for (strict, lenient, pg_type) in kinds {
        functions.push(to_oid(facts, strict, pg_type, Missing::IsAnError).udf());
        functions.push(to_oid(facts, lenient, pg_type, Missing::IsNull).udf());
    }
    // Postgres has no lenient form of these.
    for (name, pg_type) in
        [("pg_oid", "oid"), ("pg_regconfig", "regconfig"), ("pg_regdictionary", "regdictionary")]
    {
        functions.push(to_oid(facts, name, pg_type, Missing::IsAnError).udf());
    }
    functions
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsAnError,
    IsNull,
}

/// From a name, or an OID as number or digits, to the OID.
fn to_oid(
    facts: &Arc<dyn SessionFacts>,
    name: &'static str,
    pg_type: &'static str,
    missing: Missing,
) -> Function {
    let facts = Arc::clone(facts);
    let body = move |arguments: &[Value]| {
        let text = match &arguments[0] {
            Value::Int(oid) => return Ok(Value::Int(*oid)),
            Value::Text(text) => text.trim(),
            other => {
                let error = Error::unsupported(format!("a cast of {other:?} to {pg_type}"));
                return Err(external(error));
            }
        };
        if let Ok(oid) = text.parse::<u32>() {
            return Ok(Value::Int(i64::from(oid)));
        }
        match find(facts.as_ref(), pg_type, text) {
            None if missing == Missing::IsAnError => Err(external(not_found(pg_type, text))),
            found => Ok(Value::of_int(found)),
        }
    };
    function(name, &[Kind::Any], Kind::Int, body).pg_type(pg_type)
}

fn not_found(pg_type: &str, text: &str) -> Error {
    let (what, subject) = match pg_type {
        "regclass" => ("relation", Subject::Table),
        "regtype" => ("type", Subject::Type),
        "regproc" | "regprocedure" => ("function", Subject::Function),
        "regoper" | "regoperator" => ("operator", Subject::Function),
        "regcollation" => ("collation", Subject::Object),
        "regconfig" => ("text search configuration", Subject::Object),
        "regdictionary" => ("text search dictionary", Subject::Object),
        "regnamespace" => ("schema", Subject::Schema),
        "regrole" => ("role", Subject::Object),
        _ => {
            let message = format!("invalid input syntax for type oid: \"{text}\"");
            return Error::invalid(message).about(Subject::Value);
        }
    };
    Error::new(lakegate_base::ErrorKind::NotFound, format!("{what} \"{text}\" does not exist"))
        .about(subject)
}

fn find(facts: &dyn SessionFacts, pg_type: &str, text: &str) -> Option<i64> {
    match pg_type {
        "regclass" => relation_oid(facts, &Value::Text(text.to_string())),
        "regtype" => type_named(text).or_else(|| {
            let relation = relation_oid(facts, &Value::Text(text.to_string()))?;
            facts.lake().relation(relation)?.row_type.map(|row| row.oid)
        }),
        "regproc" => bootstrap::function_named(&own_name(text)?).map(|f| f.oid),
        "regprocedure" => procedure_named(text),
        "regcollation" => bootstrap::collation_named(&own_name(text)?),
        "regnamespace" => {
            facts.lake().schema_named(&identifier_parts(text)?.concat()).map(|s| s.oid)
        }
        "regrole" => {
            let name = identifier_parts(text)?.concat();
            (name == facts.user() || name == crate::system::OWNER).then(|| role_oid(&name))
        }
        _ => None,
    }
}

/// A name of pg_catalog's, with that schema or without one.
fn own_name(text: &str) -> Option<String> {
    let parts = identifier_parts(text)?;
    parts.last().cloned().filter(|_| parts.len() == 1 || parts[0] == "pg_catalog")
}

/// `name(type, type)`.
fn procedure_named(text: &str) -> Option<i64> {
    let (name, rest) = text.split_once('(')?;
    let arguments = match rest.trim_end().strip_suffix(')')?.trim() {
        "" => Vec::new(),
        list => list.split(',').map(|t| type_named(t.trim())).collect::<Option<Vec<i64>>>()?,
    };
    let name = own_name(name)?;
    let found = bootstrap::functions().iter().find(|f| f.name == name && f.arguments == arguments);
    found.map(|f| f.oid)
}

fn type_named(text: &str) -> Option<i64> {
    let lower = text.to_lowercase();
    let name = lower.strip_prefix("pg_catalog.").unwrap_or(&lower);
    // Modifiers do not change the type: `numeric(10,2)`.
    let plain = match (name.find('('), name.find(')')) {
        (Some(open), Some(close)) if open < close => {
            format!("{}{}", name[..open].trim_end(), &name[close + 1..])
        }
        _ => name.to_string(),
    };
    match plain.strip_suffix("[]") {
        Some(element) => types::by_name(element).map(|t| t.array).filter(|oid| *oid != 0),
        None => types::by_name(&plain)
            .or_else(|| types::by_name(plain.trim_matches('"')))
            .map(|t| t.oid),
    }
}

/// The name an OID of this type prints as; the number where there is none, as Postgres does.
fn object_name(facts: &dyn SessionFacts, pg_type: &str, oid: i64) -> String {
    let known = match pg_type {
        "regclass" => {
            let lake = facts.lake();
            lake.relation(oid).map(|r| {
                let name = super::text::quote_ident(&r.name);
                match lake.is_visible(r, &facts.search_path()) {
                    true => name,
                    false => format!("{}.{name}", super::text::quote_ident(&r.schema)),
                }
            })
        }
        "regtype" => match types::by_oid(oid) {
            Some(_) => Some(types::format(oid, -1)),
            None => row_type_name(facts, oid),
        },
        "regproc" => bootstrap::function(oid).map(|f| f.name.to_string()),
        "regprocedure" => bootstrap::function(oid).map(|f| {
            let types = f.arguments.iter().map(|t| types::format(*t, -1)).collect::<Vec<_>>();
            format!("{}({})", super::text::quote_ident(f.name), types.join(","))
        }),
        "regcollation" => bootstrap::collation(oid).map(super::text::quote_ident),
        "regnamespace" => facts.lake().schema(oid).map(|s| super::text::quote_ident(&s.name)),
        "regrole" => [facts.user(), crate::system::OWNER.to_string()]
            .into_iter()
            .find(|name| role_oid(name) == oid),
        _ => None,
    };
    let has_dash = oid == 0 && !matches!(pg_type, "regoper" | "regoperator");
    known.unwrap_or_else(|| if has_dash { "-".to_string() } else { oid.to_string() })
}

/// The type of a relation's rows, or of arrays of them.
fn row_type_name(facts: &dyn SessionFacts, oid: i64) -> Option<String> {
    let lake = facts.lake();
    let brackets = |row: RowType| match oid {
        _ if oid == row.oid => Some(""),
        _ if oid == row.array_oid => Some("[]"),
        _ => None,
    };
    let mut all = lake.relations.iter();
    let found = all.find_map(|r| Some((r, brackets(r.row_type?)?)));
    let (relation, brackets) = found?;
    Some(format!("{}{brackets}", object_name(facts, "regclass", relation.oid)))
}

/// `x::text`, by the Postgres type of `x`.
struct ToText {
    facts: Arc<dyn SessionFacts>,
    signature: Signature,
}

impl ScalarUDFImpl for ToText {
    fn name(&self) -> &str {
        TO_TEXT
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(TO_TEXT, DataType::Utf8, true)))
    }

    fn simplify(&self, mut call: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        // Text stays text: a plain cast can be pushed into scans, this function cannot.
        let plain = match call.as_slice() {
            [one] => info.get_data_type(one)?.is_string(),
            _ => false,
        };
        match call.pop() {
            Some(one) if plain => Ok(ExprSimplifyResult::Simplified(
                datafusion::logical_expr::cast(one, DataType::Utf8),
            )),
            one => Ok(ExprSimplifyResult::Original(one.into_iter().collect())),
        }
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let pg_type = call.arg_fields[0].metadata().get(PG_TYPE).map_or("", String::as_str);
        let is_object = OBJECT_TYPES.iter().any(|(name, _)| *name == pg_type && pg_type != "oid");
        let zone = call.config_options.execution.time_zone.clone();
        let convert = |array: &ArrayRef| -> Result<ArrayRef> {
            // Instants are shown on the session's clocks, whatever zone their column has.
            if let (DataType::Timestamp(unit, Some(_)), Some(zone)) = (array.data_type(), &zone) {
                let here = DataType::Timestamp(*unit, Some(zone.as_str().into()));
                return print::to_text(&cast(array, &here)?);
            }
            if is_object {
                return Ok(self.names(pg_type, &cast(array, &DataType::Int64)?));
            }
            print::to_text(array)
        };
        match &call.args[0] {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(convert(array)?)),
            ColumnarValue::Scalar(scalar) => {
                let array = convert(&scalar.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}

impl ToText {
    fn names(&self, pg_type: &str, oids: &ArrayRef) -> ArrayRef {
        let mut names = StringBuilder::new();
        for oid in oids.as_primitive::<Int64Type>() {
            names.append_option(oid.map(|oid| object_name(self.facts.as_ref(), pg_type, oid)));
        }
        Arc::new(names.finish())
    }
}

// One session has one function of this name.
impl PartialEq for ToText {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.facts, &other.facts)
    }
}

impl Eq for ToText {}

impl Hash for ToText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        TO_TEXT.hash(state);
    }
}

impl fmt::Debug for ToText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TO_TEXT)
    }
}
