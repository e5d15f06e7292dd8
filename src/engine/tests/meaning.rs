//! Expected values are PostgreSQL 15's.

use super::Lake;

#[tokio::test]
async fn integers_that_overflow_are_errors() {
    let lake = Lake::new();
    for (sql, expected) in [
        ("SELECT 9223372036854775807 + 1", "bigint out of range"),
        ("SELECT -9223372036854775807 - 2", "bigint out of range"),
        ("SELECT a.n * 4611686018427387904 FROM generate_series(1, 3) a(n)", "bigint out of range"),
        ("SELECT 32767::int2 + 1::int2", "smallint out of range"),
        ("SELECT sum(a.n + 1) FROM generate_series(1, 3) a(n)", "9"),
        ("SELECT date '2024-01-31' + 1", "2024-02-01"),
        ("SELECT date '2024-01-31' + interval '1 day'", "2024-02-01T00:00:00"),
        ("SELECT a.n * 2 FROM generate_series(1, 1) a(n) GROUP BY a.n * 2", "2"),
    ] {
        let answer = lake.query(sql).await;
        assert!(answer.ends_with(expected), "{sql}: {answer}");
    }
}

#[tokio::test]
async fn instants_are_read_on_the_clocks_of_the_session() {
    let lake = Lake::new();
    let at = "timestamptz '2024-07-01 22:30:00+00'";
    let stored =
        format!("(SELECT arrow_cast({at}, 'Timestamp(Microsecond, Some(\"UTC\"))') AS i) t");
    for (zone, what, expected) in [
        ("Europe/Madrid", "extract(hour FROM i)", "0"),
        ("Europe/Madrid", "extract(day FROM i)", "2"),
        ("Europe/Madrid", "i::date", "2024-07-02"),
        ("Europe/Madrid", "i::timestamp", "2024-07-02 00:30:00"),
        ("Europe/Madrid", "date_trunc('day', i) = timestamptz '2024-07-01 22:00:00+00'", "true"),
        ("Europe/Madrid", "i < '2024-07-02 00:30:01'", "true"),
        ("Europe/Madrid", "i < '2024-07-02 00:30:00'", "false"),
        ("Europe/Madrid", "i = timestamp '2024-07-02 00:30:00'", "true"),
        ("Europe/Madrid", "i > date '2024-07-02'", "true"),
        ("+02:00", "i::timestamp", "2024-07-01 20:30:00"),
        ("UTC", "extract(hour FROM i)", "22"),
        ("UTC", "i::date", "2024-07-01"),
    ] {
        let session = lake.session().await;
        super::text(session.as_ref(), &format!("SET TimeZone = '{zone}'")).await;
        let answer = super::text(session.as_ref(), &format!("SELECT {what} FROM {stored}")).await;
        assert_eq!(answer.replace('T', " "), expected, "{zone}: {what}");
    }
}

#[tokio::test]
async fn large_floats_keep_their_digits() {
    let lake = Lake::new();
    assert_eq!(lake.query("SELECT 1e15::float8 = '1e15'::float8").await, "true");
    assert_eq!(lake.query("SELECT -1e15::float8 = '-1e15'::float8").await, "true");
}

#[tokio::test]
async fn a_date_moved_by_an_interval_meets_dates() {
    let lake = Lake::new();
    let days = "(VALUES (date '1998-09-02'), (date '1998-09-03')) v(d)";
    for (condition, expected) in [
        ("d <= date '1998-12-01' - interval '90' day", "1"),
        ("d < date '1998-08-03' + interval '1 month' + interval '1 hour'", "2"),
        ("d < date '1998-08-03' + interval '1 month'", "1"),
        ("d + interval '12 hours' > date '1998-09-03'", "1"),
        ("d BETWEEN date '1998-09-04' - interval '1 day' AND date '1998-09-04'", "1"),
        ("d IN (date '1998-09-04' - interval '1 day')", "1"),
        ("interval '1 day' + d = date '1998-09-03'", "1"),
        ("d = date '1998-09-04' - 1", "1"),
        (
            "CASE WHEN d = date '1998-09-02' THEN d ELSE d + interval '1 day' END > '1998-09-03'",
            "1",
        ),
        ("coalesce(d + interval '1 day', d) > '1998-09-03'", "1"),
        ("d = (SELECT max(d) - interval '1 day' FROM (VALUES (date '1998-09-03')) w(d))", "1"),
        ("d IN (SELECT d - interval '1 day' FROM (VALUES (date '1998-09-03')) w(d))", "1"),
    ] {
        let answer = lake.query(&format!("SELECT count(*) FROM {days} WHERE {condition}")).await;
        assert!(answer.ends_with(expected), "{condition}: {answer}");
    }
    let (one, next) = ("(VALUES (date '1998-09-02')) v(d)", "(VALUES (date '1998-09-03')) w(e)");
    let union = format!("SELECT d + interval '1 day' FROM {one} UNION ALL SELECT e FROM {next}");
    assert!(lake.query(&union).await.ends_with("1998-09-03T00:00:00"));
    let join = format!("SELECT count(*) FROM {one} JOIN {next} ON d + interval '1 day' = e");
    assert!(lake.query(&join).await.ends_with('1'));
}

#[tokio::test]
async fn whole_numbers_are_integers() {
    let lake = Lake::new();
    for (sql, expected) in [
        ("SELECT 2147483647 + 1", "integer out of range"),
        ("SELECT 2147483648 + 1", "2147483649"),
        ("SELECT arrow_typeof(1)", "Int32"),
        ("SELECT arrow_typeof(-1)", "Int32"),
        ("SELECT arrow_typeof(2147483648)", "Int64"),
        ("SELECT arrow_typeof(1::bigint)", "Int64"),
        ("SELECT arrow_typeof(x) FROM (VALUES (1)) v(x)", "Int32"),
        ("SELECT arrow_typeof(x) FROM generate_series(1, 1) x", "Int32"),
        ("SELECT arrow_typeof(x) FROM generate_series(1, 2147483648, 2147483648) x", "Int64"),
        (
            "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) \
          SELECT sum(n) FROM t",
            "6",
        ),
        // Places, limits and frames are numbers still.
        (
            "SELECT x FROM (VALUES (1), (2), (3)) v(x) GROUP BY 1 ORDER BY 1 DESC LIMIT 1 OFFSET 1",
            "2",
        ),
        (
            "SELECT sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) \
          FROM (VALUES (1), (2)) v(x) ORDER BY 1 DESC LIMIT 1",
            "3",
        ),
        ("SELECT lag(x, 1, 0) OVER (ORDER BY x) FROM (VALUES (1)) v(x)", "0"),
        ("SELECT interval '1' day * 1 IS NULL", "false"),
        ("SELECT sum(x) FROM (VALUES (9223372036854775807), (1)) v(x)", "9223372036854775808"),
        ("SELECT sum(x) OVER () FROM (VALUES (9223372036854775807)) v(x)", "9223372036854775807"),
    ] {
        let answer = lake.query(sql).await;
        assert!(answer.ends_with(expected), "{sql}: {answer}");
    }
}

#[tokio::test]
async fn a_row_beside_another_is_computed_from_it() {
    let lake = Lake::new();
    let rows = "(VALUES (1), (2)) v(x)";
    for (from, expected) in [
        ("v.x, l.y", "LATERAL (SELECT v.x * 10 AS y) l", "1 | 10\n2 | 20"),
        ("v.x, l.y", "LATERAL (SELECT v.x * 10 AS y WHERE v.x > 1) l", "2 | 20"),
        ("v.x, g", "LATERAL generate_series(1, v.x) g", "1 | 1\n2 | 1\n2 | 2"),
        ("v.x, g", "generate_series(1, v.x) g", "1 | 1\n2 | 1\n2 | 2"),
        ("g.e, g.n", "unnest(ARRAY[v.x]) WITH ORDINALITY g(e, n)", "1 | 1\n2 | 1"),
        ("u", "upper('a' || v.x) u", "A1\nA2"),
    ]
    .map(|(list, side, expected)| {
        (format!("SELECT {list} FROM {rows}, {side} ORDER BY 1, 2"), expected)
    }) {
        let sql = if expected.contains('|') { from } else { from.replace(", 2", "") };
        assert_eq!(lake.query(&sql).await, expected, "{sql}");
    }
    let left = format!("SELECT x, y FROM {rows} LEFT JOIN LATERAL (SELECT x + 1 AS y) l ON true");
    assert_eq!(lake.query(&format!("{left} ORDER BY 1")).await, "1 | 2\n2 | 3");
}

#[tokio::test]
async fn a_scalar_subquery_may_look_outside() {
    let lake = Lake::new();
    let names = "(VALUES (1, 'one'), (2, 'two'), (2, 'deux')) t(k, name)";
    for (sql, expected) in [
        (format!("SELECT (SELECT name FROM {names} WHERE k = x) FROM (VALUES (1)) v(x)"), "one"),
        (
            format!("SELECT (SELECT name FROM {names} WHERE k = x) FROM (VALUES (2)) v(x)"),
            "more than one row returned by a subquery used as an expression",
        ),
        (
            format!(
                "SELECT (SELECT name FROM {names} WHERE k = x ORDER BY name LIMIT 1) \
                 FROM (VALUES (2)) v(x)"
            ),
            "deux",
        ),
        (
            format!(
                "SELECT coalesce((SELECT name FROM {names} WHERE k = x), 'none') FROM (VALUES (3)) v(x)"
            ),
            "none",
        ),
    ] {
        let answer = lake.query(&sql).await;
        assert!(answer.ends_with(expected), "{sql}: {answer}");
    }
}

/// By more than equality, and over lists from outside.
#[tokio::test]
async fn a_scalar_subquery_may_ask_anything_of_outside() {
    let lake = Lake::new();
    let numbers = "(VALUES (1), (2), (3)) t(k)";
    for (sql, expected) in [
        (
            format!(
                "SELECT (SELECT count(*) FROM {numbers} WHERE k = ANY(v.l)) \
                 FROM (VALUES (1, ARRAY[1, 2]), (2, ARRAY[9]), (3, NULL)) v(n, l) ORDER BY v.n"
            ),
            "2\n0\n0",
        ),
        (
            format!(
                "SELECT x, (SELECT sum(k) FROM {numbers} WHERE k < x) + x AS y \
                 FROM (VALUES (1), (3), (3), (NULL)) v(x) ORDER BY x"
            ),
            "1 | \n3 | 6\n3 | 6\n | ",
        ),
        (
            format!(
                "SELECT x FROM (VALUES (1), (2), (3)) v(x) \
                 WHERE (SELECT count(*) FROM {numbers} WHERE k > x) = 1"
            ),
            "2",
        ),
        (
            format!(
                "SELECT (SELECT array_agg(e ORDER BY e) FROM (SELECT unnest(v.l) AS e) u \
                 JOIN {numbers} ON k = e) \
                 FROM (VALUES (1, ARRAY[3, 1]), (2, ARRAY[7])) v(n, l) ORDER BY v.n"
            ),
            "[1, 3]\n",
        ),
        (
            format!(
                "SELECT (SELECT k FROM {numbers} WHERE k BETWEEN x AND x + 1) \
                 FROM (VALUES (3)) v(x)"
            ),
            "3",
        ),
        (
            format!(
                "SELECT (SELECT k FROM {numbers} WHERE k BETWEEN x AND x + 1) \
                 FROM (VALUES (2)) v(x)"
            ),
            "InvalidInput: more than one row returned by a subquery used as an expression",
        ),
    ] {
        assert_eq!(lake.query(&sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn texts_beside_booleans_are_booleans() {
    let lake = Lake::new();
    for (sql, expected) in [
        ("SELECT true = 't'", "true"),
        ("SELECT 'off' <> false", "false"),
        ("SELECT true = 'maybe'", "invalid input syntax for type boolean: \"maybe\""),
    ] {
        let answer = lake.query(sql).await;
        assert!(answer.ends_with(expected), "{sql}: {answer}");
    }
}

#[tokio::test]
async fn membership_knows_what_is_unknown() {
    let lake = Lake::new();
    let rows = "(VALUES (1), (2), (NULL)) v(x)";
    for (value, expected) in [
        ("x IN (SELECT 2)", "false\ntrue\n"),
        ("x NOT IN (SELECT 2)", "true\nfalse\n"),
        ("x IN (SELECT y FROM (VALUES (2), (NULL)) w(y))", "\ntrue\n"),
        ("x IN (SELECT y FROM (VALUES (2)) w(y) WHERE y > 5)", "false\nfalse\nfalse"),
        ("x = ANY(ARRAY[2, NULL, x - 9])", "\ntrue\n"),
        ("NOT (x = ANY(ARRAY[2, x - 9]))", "true\nfalse\n"),
        ("x = ANY(SELECT 2)", "false\ntrue\n"),
    ] {
        let answer = lake.query(&format!("SELECT {value} FROM {rows}")).await;
        assert_eq!(answer, expected, "{value}");
    }
    let none = format!("SELECT count(*) FROM {rows} WHERE NOT (x = ANY(ARRAY[9, x - x, NULL]))");
    assert_eq!(lake.query(&none).await, "0");
}
