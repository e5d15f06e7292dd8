//! What kind of value an expression has, as far as that can be told: from literals, casts, functions and the
//! columns the caller knows. Where the two dialects would differ and the kind is not known, they refuse.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::*;

use super::build::{bare, folded, literal_text, plain_args, plain_name};
use super::outputs::Names;

/// Kinds of values, as coarse as the differences between the dialects allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Integer,
    Decimal,
    /// Of 32 bits. Beside other numbers Postgres reckons it in 64 bits, and Athena does not.
    Real,
    Double,
    Text,
    Bytes,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Json,
    Array,
    Other,
}

impl Kind {
    pub fn is_moment(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::TimestampTz)
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal | Self::Double)
    }

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// The kinds of all columns of all tables that a statement names. A name that stands for several kinds is
/// known as a name only.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    kinds: BTreeMap<String, Kind>,
    unclear: BTreeSet<String>,
}

impl Columns {
    /// Once for each column of each table that a statement names.
    pub fn add(&mut self, name: &str, kind: Kind) {
        let name = name.to_lowercase();
        match self.kinds.get(&name) {
            _ if self.unclear.contains(&name) => {}
            Some(known) if *known != kind => self.forget(name),
            _ => {
                self.kinds.insert(name, kind);
            }
        }
    }

    fn forget(&mut self, name: String) {
        self.kinds.remove(&name);
        self.unclear.insert(name);
    }
}

/// Whose meaning an expression has: `avg` of integers is a decimal here and a double there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    Local,
    Athena,
}

pub struct Kinds {
    columns: Columns,
    given: Columns,
    /// How often the statement gives a name to something itself.
    named: BTreeMap<String, usize>,
    speech: Speech,
}

impl Kinds {
    /// The columns, and what the statement itself names: outputs of subqueries are columns, too.
    pub fn new(columns: &Columns, speech: Speech, statement: &Statement) -> Self {
        let (given, named) = (columns.clone(), BTreeMap::new());
        let mut kinds = Self { columns: columns.clone(), given, named, speech };
        let mut names = Names(Vec::new());
        let _ = Visit::visit(statement, &mut names);
        for (name, expr) in names.0 {
            *kinds.named.entry(name.to_lowercase()).or_default() += 1;
            match expr.and_then(|expr| kinds.of(&expr)) {
                Some(kind) => kinds.columns.add(&name, kind),
                None => kinds.columns.forget(name.to_lowercase()),
            }
        }
        kinds
    }

    pub fn of(&self, expr: &Expr) -> Option<Kind> {
        match bare(expr) {
            Expr::Identifier(ident) => self.column(ident),
            // There, what looks like a column of a schema's table may be a field of a row.
            Expr::CompoundIdentifier(parts) if self.speech == Speech::Athena && parts.len() > 2 => {
                None
            }
            Expr::CompoundIdentifier(parts) => self.column(parts.last()?),
            Expr::Value(value) => self.value(&value.value),
            Expr::TypedString(typed) => of_typed(typed, self.speech),
            Expr::Cast { data_type, .. } => of_type(data_type),
            Expr::Interval(_) => Some(Kind::Interval),
            Expr::Array(_) => Some(Kind::Array),
            Expr::Extract { .. } => Some(match self.speech {
                Speech::Local => Kind::Decimal,
                Speech::Athena => Kind::Integer,
            }),
            Expr::Position { .. } => Some(Kind::Integer),
            Expr::Substring { .. } | Expr::Trim { .. } => Some(Kind::Text),
            Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => self.rounded(expr),
            Expr::AtTimeZone { timestamp, .. } => self.moved_zone(timestamp),
            Expr::UnaryOp { op: UnaryOperator::Not, .. } => Some(Kind::Boolean),
            Expr::UnaryOp { expr, .. } => self.of(expr),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::Case { conditions, else_result, .. } => {
                let results = conditions.iter().map(|when| &when.result);
                self.common(results.chain(else_result.as_deref()))
            }
            Expr::Function(function) => self.function(function),
            expr if is_condition(expr) => Some(Kind::Boolean),
            _ => None,
        }
    }

    /// Whether a name can only be that of one output column: no table has it, and it is given once.
    pub fn is_only_output(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let is_column = self.given.kinds.contains_key(&name) || self.given.unclear.contains(&name);
        !is_column && self.named.get(&name) == Some(&1)
    }

    /// Whether a product has as many bits in both dialects: a real by another number has 64 here and 32
    /// there, and a length of time is cut to milliseconds there unless it is taken a whole number of times.
    pub fn multiply_alike(&self, left: &Expr, right: &Expr) -> bool {
        match (self.of(left), self.of(right)) {
            (Some(Kind::Interval), other) => other == Some(Kind::Integer),
            (one, Some(Kind::Interval)) => one == Some(Kind::Integer),
            (Some(Kind::Real), other) | (other, Some(Kind::Real)) => {
                matches!(other, Some(Kind::Real | Kind::Double))
            }
            _ => true,
        }
    }

    /// Whether both dialects compare them alike: reals beside integers and decimals are widened here only.
    pub fn compare_alike(&self, left: &Expr, right: &Expr) -> bool {
        match (self.of(left), self.of(right)) {
            (Some(Kind::Real), other) | (other, Some(Kind::Real)) => {
                matches!(other, Some(Kind::Real | Kind::Double))
            }
            _ => true,
        }
    }

    /// Whether a decimal has as many digits behind its point in both dialects, so that it prints alike: a
    /// table's column, a literal, or a cast that names them.
    pub fn has_scale(&self, expr: &Expr) -> bool {
        let is_given = |ident: &Ident| {
            let name = folded(ident).to_lowercase();
            self.given.kinds.contains_key(&name) && !self.named.contains_key(&name)
        };
        match bare(expr) {
            Expr::Value(_) => true,
            Expr::Identifier(ident) => is_given(ident),
            Expr::CompoundIdentifier(parts) => parts.last().is_some_and(is_given),
            Expr::Cast { data_type: DataType::Numeric(info), .. }
            | Expr::Cast { data_type: DataType::Decimal(info), .. } => {
                matches!(info, ExactNumberInfo::PrecisionAndScale(..))
            }
            _ => false,
        }
    }

    /// Of an array, what its elements are.
    pub fn elements(&self, array: &Expr) -> Option<Kind> {
        match bare(array) {
            Expr::Array(array) => self.common(array.elem.iter()),
            Expr::Cast {
                data_type:
                    DataType::Array(
                        ArrayElemTypeDef::SquareBracket(inner, None)
                        | ArrayElemTypeDef::AngleBracket(inner),
                    ),
                ..
            } => of_type(inner),
            Expr::Function(function) => match plain_name(&function.name)?.as_str() {
                "array_agg" => self.of(plain_args(function)?.first()?),
                "string_to_array" | "split" => Some(Kind::Text),
                _ => None,
            },
            _ => None,
        }
    }

    /// For a message: `text`, or that it is not known.
    pub fn shown(&self, expr: &Expr) -> String {
        self.of(expr).map_or_else(|| "unknown type".to_string(), Kind::name)
    }

    fn column(&self, ident: &Ident) -> Option<Kind> {
        self.columns.kinds.get(&folded(ident).to_lowercase()).copied()
    }

    fn value(&self, value: &Value) -> Option<Kind> {
        Some(match value {
            Value::Number(digits, _) if digits.contains(['e', 'E']) => match self.speech {
                Speech::Local => Kind::Decimal,
                Speech::Athena => Kind::Double,
            },
            Value::Number(digits, _) if digits.parse::<i64>().is_err() => Kind::Decimal,
            Value::Number(..) => Kind::Integer,
            Value::Boolean(_) => Kind::Boolean,
            Value::HexStringLiteral(_) => Kind::Bytes,
            Value::Null => return None,
            _ => Kind::Text,
        })
    }

    fn rounded(&self, expr: &Expr) -> Option<Kind> {
        self.of(expr).map(|kind| match (kind, self.speech) {
            (Kind::Integer, Speech::Local) => Kind::Double,
            (other, _) => other,
        })
    }

    fn moved_zone(&self, moment: &Expr) -> Option<Kind> {
        match (self.speech, self.of(moment)?) {
            (Speech::Athena, _) => Some(Kind::TimestampTz),
            (Speech::Local, Kind::TimestampTz | Kind::Date) => Some(Kind::Timestamp),
            (Speech::Local, Kind::Timestamp) => Some(Kind::TimestampTz),
            _ => None,
        }
    }

    /// The one kind of all that have one. NULL takes any.
    pub fn common<'a>(&self, exprs: impl Iterator<Item = &'a Expr>) -> Option<Kind> {
        let not_null = exprs.filter(|expr| {
            !matches!(bare(expr), Expr::Value(ValueWithSpan { value: Value::Null, .. }))
        });
        let kinds: Vec<Kind> = not_null.map(|expr| self.of(expr)).collect::<Option<_>>()?;
        let (first, rest) = kinds.split_first()?;
        rest.iter().try_fold(*first, |one, other| match one == *other {
            true => Some(one),
            false => number(one, *other),
        })
    }

    fn binary(&self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Kind> {
        use BinaryOperator as Op;
        if is_comparison(op) || matches!(op, Op::And | Op::Or) {
            return Some(Kind::Boolean);
        }
        let (one, other) = (self.of(left), self.of(right));
        match op {
            Op::StringConcat if one == Some(Kind::Array) || other == Some(Kind::Array) => {
                Some(Kind::Array)
            }
            Op::StringConcat => Some(Kind::Text),
            Op::Arrow => Some(Kind::Json),
            Op::LongArrow => Some(Kind::Text),
            Op::PGExp => Some(Kind::Double),
            Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo => {
                self.reckoned(one?, op, other?)
            }
            _ => None,
        }
    }

    fn reckoned(&self, one: Kind, op: &BinaryOperator, other: Kind) -> Option<Kind> {
        let is_minus = *op == BinaryOperator::Minus;
        match (one, other) {
            (Kind::Date, Kind::Integer) => Some(Kind::Date),
            (Kind::Date, Kind::Date) if is_minus && self.speech == Speech::Local => {
                Some(Kind::Integer)
            }
            (Kind::Date, Kind::Interval) if self.speech == Speech::Local => Some(Kind::Timestamp),
            (moment, Kind::Interval) if moment.is_moment() => Some(moment),
            (one, other) if one.is_moment() && other.is_moment() && is_minus => {
                Some(Kind::Interval)
            }
            (Kind::Interval, _) => Some(Kind::Interval),
            (one, other) => number(one, other),
        }
    }

    fn function(&self, function: &Function) -> Option<Kind> {
        let name = plain_name(&function.name)?;
        let args = plain_args(function).unwrap_or_default();
        let first = || args.first().and_then(|arg| self.of(arg));
        let local = self.speech == Speech::Local;
        match name.as_str() {
            "avg" if first() == Some(Kind::Real) && local => Some(Kind::Double),
            "sum" | "avg" if matches!(first(), Some(Kind::Real | Kind::Double)) => first(),
            "sum" if first() == Some(Kind::Integer) && !local => Some(Kind::Integer),
            "avg" if first() == Some(Kind::Integer) && !local => Some(Kind::Double),
            // Of bigints it is a numeric; what a small integer is to us is not known here.
            "sum" | "avg" => first().filter(|kind| kind.is_number()).map(|_| Kind::Decimal),
            "coalesce" | "greatest" | "least" | "nullif" | "mod" => {
                self.common(args.iter().copied())
            }
            // Behind the count of rows stands what is given outside.
            "lag" | "lead" => self.common(args.iter().take(1).chain(args.iter().skip(2)).copied()),
            "if" => self.common(args.iter().skip(1).copied()),
            "date_trunc" => match args.get(1).and_then(|arg| self.of(arg))? {
                Kind::Date if local => Some(Kind::TimestampTz),
                kind => Some(kind),
            },
            "date_add" => args.get(2).and_then(|arg| self.of(arg)),
            "sqrt" | "exp" | "ln" | "log" | "log10" | "power" | "pow" => {
                let all = self.common(args.iter().copied())?;
                (all != Kind::Decimal || !local).then_some(Kind::Double)
            }
            "round" | "trunc" | "truncate" if first() == Some(Kind::Decimal) => Some(Kind::Decimal),
            "trunc" | "truncate" | "sign" if first() == Some(Kind::Double) => Some(Kind::Double),
            name if SAME_AS_FIRST.contains(&name) => first(),
            name => RESULTS.iter().find(|(_, names)| names.contains(&name)).map(|(kind, _)| *kind),
        }
    }
}

const SAME_AS_FIRST: [&str; 11] = [
    "abs",
    "any_value",
    "arbitrary",
    "first_value",
    "last_value",
    "max",
    "max_by",
    "min",
    "min_by",
    "nth_value",
    "try",
];

/// What functions give whatever they are given. `round`, `trunc` and `sign` are left out on purpose.
const RESULTS: [(Kind, &[&str]); 10] = [
    (
        Kind::Integer,
        &[
            "ascii",
            "approx_distinct",
            "array_length",
            "cardinality",
            "char_length",
            "character_length",
            "codepoint",
            "count",
            "count_if",
            "date_diff",
            "day",
            "day_of_month",
            "day_of_week",
            "day_of_year",
            "dense_rank",
            "hour",
            "json_array_length",
            "length",
            "millisecond",
            "minute",
            "month",
            "ntile",
            "octet_length",
            "position",
            "quarter",
            "rank",
            "row_number",
            "second",
            "strpos",
            "week",
            "week_of_year",
            "year",
            "year_of_week",
        ],
    ),
    (
        Kind::Double,
        &[
            "acos",
            "asin",
            "atan",
            "atan2",
            "cbrt",
            "corr",
            "cos",
            "cosh",
            "cume_dist",
            "degrees",
            "date_part",
            "e",
            "percent_rank",
            "pi",
            "radians",
            "random",
            "rand",
            "sin",
            "sinh",
            "tan",
            "tanh",
            "to_unixtime",
        ],
    ),
    (
        Kind::Text,
        &[
            "array_join",
            "array_to_string",
            "btrim",
            "chr",
            "concat",
            "concat_ws",
            "date_format",
            "json_extract_scalar",
            "json_format",
            "left",
            "listagg",
            "lower",
            "lpad",
            "ltrim",
            "md5",
            "regexp_extract",
            "regexp_replace",
            "replace",
            "reverse",
            "right",
            "rpad",
            "rtrim",
            "split_part",
            "string_agg",
            "substr",
            "substring",
            "to_base64",
            "to_char",
            "to_hex",
            "translate",
            "trim",
            "upper",
        ],
    ),
    (
        Kind::Boolean,
        &["bool_and", "bool_or", "contains", "every", "is_nan", "regexp_like", "starts_with"],
    ),
    (Kind::Date, &["current_date", "date", "last_day_of_month", "make_date", "to_date"]),
    (Kind::Timestamp, &["date_parse", "localtimestamp"]),
    (
        Kind::TimestampTz,
        &["current_timestamp", "from_iso8601_timestamp", "from_unixtime", "now", "to_timestamp"],
    ),
    (
        Kind::Array,
        &[
            "array_agg",
            "array_distinct",
            "array_remove",
            "array_sort",
            "regexp_extract_all",
            "sequence",
            "split",
            "string_to_array",
        ],
    ),
    (Kind::Json, &["json_extract", "json_parse"]),
    (Kind::Bytes, &["from_base64", "from_hex", "sha256", "sha512", "to_utf8"]),
];

fn number(one: Kind, other: Kind) -> Option<Kind> {
    match (one, other) {
        _ if !one.is_number() || !other.is_number() => None,
        (Kind::Double, _) | (_, Kind::Double) => Some(Kind::Double),
        (Kind::Decimal, _) | (_, Kind::Decimal) => Some(Kind::Decimal),
        _ => Some(Kind::Integer),
    }
}

pub fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq)
}

fn is_condition(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
            | Expr::Exists { .. }
    )
}

/// Athena's TIMESTAMP literals carry a zone by their text.
fn of_typed(typed: &TypedString, speech: Speech) -> Option<Kind> {
    let kind = of_type(&typed.data_type)?;
    let text = super::build::value_text(&typed.value.value)?;
    let zoned = text.split_once(' ').is_some_and(|(_, time)| time.contains([' ', '+', '-', 'Z']));
    match speech {
        Speech::Athena if kind == Kind::Timestamp && zoned => Some(Kind::TimestampTz),
        _ => Some(kind),
    }
}

pub fn of_type(data_type: &DataType) -> Option<Kind> {
    use DataType as T;
    Some(match data_type {
        T::Boolean | T::Bool => Kind::Boolean,
        T::TinyInt(_) | T::SmallInt(_) | T::Int(_) | T::Integer(_) | T::BigInt(_) => Kind::Integer,
        T::Int2(_) | T::Int4(_) | T::Int8(_) => Kind::Integer,
        T::Numeric(_) | T::Decimal(_) | T::Dec(_) => Kind::Decimal,
        T::Real | T::Float4 => Kind::Real,
        T::Float8 | T::Float(_) | T::Double(_) | T::DoublePrecision => Kind::Double,
        T::Text | T::Varchar(_) | T::CharacterVarying(_) | T::Char(_) | T::Character(_) => {
            Kind::Text
        }
        T::Bytea | T::Varbinary(_) => Kind::Bytes,
        T::Date => Kind::Date,
        T::Time(..) => Kind::Time,
        T::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => Kind::TimestampTz,
        T::Timestamp(..) => Kind::Timestamp,
        T::Interval { .. } => Kind::Interval,
        T::JSON | T::JSONB => Kind::Json,
        T::Array(_) => Kind::Array,
        _ => Kind::Other,
    })
}

/// Whether a literal is a day, `2024-01-31`.
pub fn is_day(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    shape == "9999-99-99"
}

/// Whether a literal is a moment as both dialects write it, `2024-01-31 12:00:00.5`, to microseconds; a day
/// is one, too.
pub fn is_moment_text(text: &str) -> bool {
    let Some((day, time)) = text.split_once(' ') else { return is_day(text) };
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    let (clock, fraction) = shape.split_once('.').unwrap_or((&shape, "9"));
    let short = fraction.len() <= 6 && fraction.chars().all(|c| c == '9') && !fraction.is_empty();
    is_day(day) && short && (clock == "99:99:99" || shape == "99:99")
}

/// A moment and the offset behind it: `2024-01-31 12:00:00+02` gives `("2024-01-31 12:00:00", "+02:00")`.
pub fn split_offset(text: &str) -> Option<(&str, String)> {
    let zone = |rest: &str| matches!(rest.trim(), "Z" | "UTC").then(|| "UTC".to_string());
    let at = text.char_indices().skip(11).find(|(_, c)| matches!(c, '+' | '-' | 'Z' | 'U'))?.0;
    let (moment, offset) = (text[..at].trim_end(), &text[at..]);
    let shape: String = offset.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    let offset = match shape.as_str() {
        "+99" | "-99" => format!("{offset}:00"),
        "+99:99" | "-99:99" => offset.to_string(),
        _ => zone(offset)?,
    };
    is_moment_text(moment).then_some((moment, offset))
}

pub fn is_text_literal(expr: &Expr) -> bool {
    literal_text(expr).is_some()
}
