//! Small trees, and what literal trees say.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::*;

pub fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()))
}

pub fn text(value: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.to_string()).with_empty_span())
}

pub fn number(value: impl ToString) -> Expr {
    Expr::Value(Value::Number(value.to_string(), false).with_empty_span())
}

pub fn null() -> Expr {
    Expr::Value(Value::Null.with_empty_span())
}

pub fn boolean(value: bool) -> Expr {
    Expr::Value(Value::Boolean(value).with_empty_span())
}

pub fn call(name: &str, args: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::Function(function(name, args))
}

pub fn function(name: &str, args: impl IntoIterator<Item = Expr>) -> Function {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)));
    Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }
}

pub fn cast(expr: Expr, data_type: DataType) -> Expr {
    let expr = Box::new(expr);
    Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None }
}

/// A type by its plain name.
pub fn named_type(name: &str) -> DataType {
    DataType::Custom(ObjectName::from(vec![Ident::new(name)]), Vec::new())
}

pub fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(operand(left)), op, right: Box::new(operand(right)) }
}

/// In parentheses: it may come to stand where it would bind otherwise.
pub fn not(expr: Expr) -> Expr {
    let negated = Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(operand(expr)) };
    Expr::Nested(Box::new(negated))
}

pub fn is_null(expr: Expr) -> Expr {
    Expr::IsNull(Box::new(operand(expr)))
}

pub fn is_not_null(expr: Expr) -> Expr {
    Expr::IsNotNull(Box::new(operand(expr)))
}

/// In parentheses, unless it binds tighter than any operator.
pub fn operand(expr: Expr) -> Expr {
    match expr {
        Expr::BinaryOp { .. }
        | Expr::UnaryOp { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::Between { .. }
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::AnyOp { .. }
        | Expr::AllOp { .. }
        | Expr::AtTimeZone { .. } => Expr::Nested(Box::new(expr)),
        other => other,
    }
}

pub fn trim(side: TrimWhereField, what: Expr, expr: Expr) -> Expr {
    let (trim_what, expr) = (Some(Box::new(what)), Box::new(expr));
    Expr::Trim { trim_where: Some(side), trim_what, expr, trim_characters: None }
}

/// `CASE WHEN condition THEN result ELSE otherwise END`.
pub fn case(condition: Expr, result: Expr, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: otherwise.map(Box::new),
    }
}

/// `value`, or an error on rows of which the condition is true: a division of integers fails in both
/// dialects.
pub fn failing_if(condition: Expr, value: Expr) -> Expr {
    let failure = binary(number(1), BinaryOperator::Divide, number(0));
    case(condition, failure, Some(value))
}

pub fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

/// What a string literal says, in any of its spellings.
pub fn literal_text(expr: &Expr) -> Option<&str> {
    match bare(expr) {
        Expr::Value(value) => value_text(&value.value),
        _ => None,
    }
}

pub fn value_text(value: &Value) -> Option<&str> {
    match value {
        Value::SingleQuotedString(text)
        | Value::EscapedStringLiteral(text)
        | Value::UnicodeStringLiteral(text) => Some(text),
        Value::DollarQuotedString(text) => Some(&text.value),
        _ => None,
    }
}

/// A whole number, with its sign.
pub fn literal_integer(expr: &Expr) -> Option<i64> {
    match bare(expr) {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => digits.parse().ok(),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => literal_integer(expr)?.checked_neg(),
        _ => None,
    }
}

/// A function's plain arguments; none when an argument is named or a wildcard.
pub fn plain_args(function: &Function) -> Option<Vec<&Expr>> {
    match &function.args {
        FunctionArguments::List(list) => list.args.iter().map(plain_arg).collect(),
        FunctionArguments::None => Some(Vec::new()),
        FunctionArguments::Subquery(_) => None,
    }
}

fn plain_arg(arg: &FunctionArg) -> Option<&Expr> {
    match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

pub fn take_args(function: &mut Function) -> Vec<Expr> {
    let FunctionArguments::List(list) = &mut function.args else { return Vec::new() };
    let taken = list.args.drain(..).filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    taken.collect()
}

/// The name of a function or type that has no schema, in lower case.
pub fn plain_name(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] => Some(folded(ident)),
        _ => None,
    }
}

pub fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}
