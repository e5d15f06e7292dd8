use std::time::Instant;

use lakegate_base::{CopyForm, Direction, FrontStatement, Scroll, StatementKind, Subject};

use super::{SqlLimits, parse};

fn outcome(text: &str) -> String {
    match parse(text, SqlLimits::default()) {
        Ok(statements) => format!("{} ok", statements.len()),
        Err(error) => format!("{:?} {error} at {:?}", error.subject(), error.position()),
    }
}

#[test]
fn splits_and_keeps_each_text() {
    let statements = parse(" select 1 ;; -- c\n begin; select ';' ", SqlLimits::default())
        .expect("three statements");
    let texts: Vec<_> = statements.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(texts, ["select 1", "begin", "select ';'"]);
    assert!(matches!(statements[1].kind, StatementKind::Begin));
}

#[test]
fn errors_have_postgres_wording_and_position() {
    assert_eq!(outcome("selct 1"), "Syntax syntax error at or near \"selct\" at Some(1)");
    assert_eq!(outcome("select 1 from"), "Syntax syntax error at end of input at Some(14)");
    assert_eq!(outcome(""), "0 ok");
}

/// Every bomb of the requirements is refused quickly; a timing bound here is the behaviour itself
/// (exponential otherwise), so it is generous.
#[test]
fn bombs_are_refused() {
    let bombs = [
        format!("SELECT {}1", "position(".repeat(12)),
        format!("SELECT {}x", "if(current_time(".repeat(12)),
        format!("SELECT {}", "case\t-".repeat(25)),
        format!("SELECT {}1", "cast(".repeat(25)),
        format!("SELECT {}1{}", "ARRAY[".repeat(70), "]".repeat(70)),
        format!("SELECT {}1{}", "struct(".repeat(25), ")".repeat(25)),
        format!("SELECT 1{}", "+1".repeat(1_850)),
        format!("SELECT 1{}", "::int".repeat(30_000)),
        format!("SELECT 'a'{}", "||'a'".repeat(10_000)),
        format!("SELECT true{}", " OR true".repeat(20_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(600)),
        format!("SELECT 1 {}", "IS NULL ".repeat(10_000)),
        format!("SELECT true{}", " AND CASE WHEN true THEN true END".repeat(5_000)),
        format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("SELECT {}1", "- ".repeat(5_000)),
        format!("SELECT {}true", "NOT ".repeat(5_000)),
    ];
    for bomb in bombs {
        let start = Instant::now();
        let error = parse(&bomb, SqlLimits::default()).err();
        let head: String = bomb.chars().take(40).collect();
        let refused =
            error.is_some_and(|e| matches!(e.subject(), Subject::Complexity | Subject::Syntax));
        assert!(refused, "accepted: {head}");
        assert!(start.elapsed().as_millis() < 1_000, "slow: {head} {:?}", start.elapsed());
    }
}

#[test]
fn ordinary_queries_pass() {
    let many = format!("SELECT 1 WHERE 1 IN (1{})", ",1".repeat(20_000));
    assert_eq!(outcome(&many), "1 ok");
    assert_eq!(
        outcome("SELECT a, sum(b) FILTER (WHERE c) FROM t GROUP BY 1 ORDER BY 2 DESC"),
        "1 ok"
    );
}

fn front(text: &str) -> FrontStatement {
    let statements = parse(text, SqlLimits::default()).expect(text);
    match &statements[0].kind {
        StatementKind::Front(front) => front.as_ref().clone(),
        _ => unreachable!("{text} is for the engine"),
    }
}

#[test]
fn fetch_has_every_direction_of_postgres() {
    use Direction::{Absolute, Backward, Forward, Relative};
    for (text, cursor, direction) in [
        ("FETCH c", "c", Forward(Some(1))),
        ("FETCH next", "next", Forward(Some(1))),
        ("FETCH NEXT FROM \"C\"", "C", Forward(Some(1))),
        ("FETCH FROM c", "c", Forward(Some(1))),
        ("FETCH 7 IN c", "c", Forward(Some(7))),
        ("FETCH -7 c", "c", Backward(Some(7))),
        ("FETCH 0 c", "c", Relative(0)),
        ("FETCH ALL FROM c", "c", Forward(None)),
        ("FETCH FORWARD FROM c", "c", Forward(Some(1))),
        ("FETCH FORWARD ALL c", "c", Forward(None)),
        ("FETCH BACKWARD c", "c", Backward(Some(1))),
        ("FETCH BACKWARD -2 c", "c", Forward(Some(2))),
        ("FETCH ABSOLUTE -3 c", "c", Absolute(-3)),
        ("FETCH RELATIVE +3 c", "c", Relative(3)),
        ("/* tool */ FETCH LAST IN c", "c", Absolute(-1)),
    ] {
        let FrontStatement::Fetch(fetch) = front(text) else { unreachable!("{text}") };
        assert_eq!((fetch.cursor.as_str(), fetch.direction), (cursor, direction), "{text}");
    }
    let error = parse("FETCH 1 FROM c c", SqlLimits::default()).err().expect("too much");
    assert_eq!(error.message(), "syntax error at or near \"c\"");
}

#[test]
fn queries_inside_are_statements_of_their_own() {
    let FrontStatement::Declare(declare) =
        front("declare \"C 1\" binary insensitive no scroll cursor with hold for select $1")
    else {
        unreachable!("a cursor");
    };
    assert_eq!((declare.name.as_str(), declare.is_held, declare.is_binary), ("C 1", true, true));
    assert_eq!(declare.scroll, Scroll::NoScroll);
    assert!(matches!(declare.query.kind, StatementKind::Rows));
    let FrontStatement::Prepare { types, .. } =
        front("PREPARE p (numeric(10, 2), double precision, int[]) AS SELECT $1, $2, $3")
    else {
        unreachable!("a statement");
    };
    assert_eq!(types, ["numeric", "double precision", "int[]"]);
    let FrontStatement::Copy(copy) = front("COPY a.\"B\" (x, y) TO STDOUT CSV HEADER") else {
        unreachable!("a copy");
    };
    assert!(matches!(copy.form, CopyForm::Csv(csv) if csv.header && csv.delimiter == b','));
    for refused in
        ["DECLARE c CURSOR FOR BEGIN", "COPY (DROP TABLE t) TO STDOUT", "PREPARE p AS BEGIN"]
    {
        assert!(parse(refused, SqlLimits::default()).is_err(), "{refused}");
    }
}
