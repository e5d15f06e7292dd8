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
        ("+02:00", "i::timestamp", "2024-07-02 00:30:00"),
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
