//! What functions mean by their session, and where they stop. The answers themselves are compared with
//! PostgreSQL's by the client tests.

use super::{Lake, text};

#[tokio::test]
async fn clocks_are_those_of_the_session() {
    let lake = Lake::new();
    let at = "timestamptz '2024-07-01 22:30:00+00'";
    for (zone, what, expected) in [
        ("Europe/Madrid", format!("date_trunc('day', {at})::text"), "2024-07-02 00:00:00+02"),
        ("Europe/Madrid", format!("extract(hour FROM {at})"), "0"),
        ("Europe/Madrid", format!("date_part('timezone_hour', {at})"), "2.0"),
        ("Europe/Madrid", format!("to_char({at}, 'DD HH24 TZ OF')"), "02 00 CEST +02"),
        (
            "Europe/Madrid",
            "date_trunc('month', date '2024-07-09')::text".into(),
            "2024-07-01 00:00:00+02",
        ),
        ("Europe/Madrid", "timestamptz '2024-07-01 10:00'::text".into(), "2024-07-01 10:00:00+02"),
        (
            "Europe/Madrid",
            "to_timestamp('2024-07-01', 'YYYY-MM-DD')::text".into(),
            "2024-07-01 00:00:00+02",
        ),
        (
            "Europe/Madrid",
            "to_json(timestamptz '2024-07-01 10:00')".into(),
            "\"2024-07-01T10:00:00+02:00\"",
        ),
        (
            "Europe/Madrid",
            "count(*) FROM generate_series(timestamptz '2024-03-30', '2024-04-01', '1 day')".into(),
            "3",
        ),
        (
            "Asia/Tokyo",
            "now()::timestamp - now() AT TIME ZONE 'UTC' > interval '8 hours'".into(),
            "true",
        ),
        ("2", format!("date_trunc('day', {at})::text"), "2024-07-02 00:00:00+02"),
        // As POSIX has it: so far behind UTC.
        ("+02:00", format!("date_trunc('day', {at})::text"), "2024-07-01 00:00:00-02"),
    ] {
        let session = lake.session().await;
        text(session.as_ref(), &format!("SET TimeZone = '{zone}'")).await;
        assert_eq!(
            text(session.as_ref(), &format!("SELECT {what}")).await,
            expected,
            "{zone}: {what}"
        );
    }
}

#[tokio::test]
async fn functions_stop_before_they_make_too_much() {
    let lake = Lake::new();
    for sql in [
        "SELECT generate_series(1, 1000000000000)",
        "SELECT generate_series(timestamp '0001-01-01', '2024-01-01', '1 second')",
        "SELECT array_fill(1, ARRAY[1000000000])",
        "SELECT length(regexp_replace(repeat('a', 1000000), 'a', repeat('b', 1000000), 'g'))",
    ] {
        let answer = lake.query(sql).await;
        assert!(answer.contains("requested length too large"), "{sql}: {answer}");
    }
    let deep = format!("SELECT '{}'::jsonb", "[".repeat(10_000));
    let answer = lake.query(&deep).await;
    assert!(answer.starts_with("InvalidInput") || answer.starts_with("Exhausted"), "{answer}");
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let lake = Lake::new();
    for (sql, expected) in [
        ("SELECT 'infinity'::timestamp", "infinity"),
        ("SELECT 'abc' ~ '(a)\\1'", "back references"),
        ("SELECT 'abc' ~ 'a(?=b)'", "look-ahead"),
        ("SELECT to_timestamp('x', 'TZ')", "only supported in to_char"),
        ("SELECT convert_to('x', 'LATIN1')", "encoding"),
    ] {
        let answer = lake.query(sql).await;
        assert!(answer.starts_with("Unsupported") && answer.contains(expected), "{sql}: {answer}");
    }
}

/// A comparison of a year is one of days, which files can be pruned by.
#[tokio::test]
async fn years_are_ranges() {
    let lake = Lake::new();
    let days = "(VALUES (date '2023-12-31'), (date '2024-01-01'), (date '2024-12-31')) v(d)";
    for (condition, expected) in [
        ("extract(year FROM d) = 2024", "2"),
        ("date_part('year', d) = 2024", "2"),
        ("extract(year FROM d) < 2024", "1"),
        ("extract(year FROM d) IN (2023, 2025)", "1"),
        ("extract(year FROM d) = 2024.5", "0"),
    ] {
        let answer = lake.query(&format!("SELECT count(*) FROM {days} WHERE {condition}")).await;
        assert_eq!(answer, expected, "{condition}");
    }
    let plan = format!("EXPLAIN SELECT * FROM {days} WHERE extract(year FROM d) = 2024");
    assert!(!lake.query(&plan).await.contains("extract"), "the year is no range");
}

#[tokio::test]
async fn nan_is_the_greatest_number_by_group_too() {
    let lake = Lake::new();
    for float in ["float4", "float8"] {
        let rows = [
            (1, "1"),
            (1, "NaN"),
            (1, "-Infinity"),
            (2, "-Infinity"),
            (3, "NaN"),
            (3, "Infinity"),
            (4, "NaN"),
        ];
        let rows = rows.map(|(group, x)| format!("({group}, '{x}'::{float})")).join(", ");
        let sql = format!(
            "SELECT g, max(x)::text, min(x)::text FROM (VALUES {rows}) t(g, x) GROUP BY g ORDER BY g"
        );
        let expected =
            "1 | NaN | -Infinity\n2 | -Infinity | -Infinity\n3 | NaN | Infinity\n4 | NaN | NaN";
        assert_eq!(lake.query(&sql).await, expected, "{float}");
    }
}
