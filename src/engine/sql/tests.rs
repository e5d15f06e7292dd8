use std::time::Instant;

use lakegate_base::{StatementKind, Subject};

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
