//! Joins whose keys name several relations.

use super::Lake;

const RELATIONS: &str = "WITH o(id, m) AS (VALUES (1, 10), (2, 20)), \
     k(p) AS (VALUES (1), (2), (3)), \
     a(id, n) AS (VALUES (1, 11), (1, 12), (2, 21), (2, 29)) \
     SELECT o.id, k.p, a.n FROM ";

#[tokio::test]
async fn no_key_is_lost() {
    let lake = Lake::new();
    for joins in [
        "o CROSS JOIN k JOIN a ON a.id = o.id AND a.n = o.m + k.p",
        "o JOIN k ON o.m > k.p JOIN a ON a.id = o.id AND a.n = o.m + k.p",
        "o JOIN k ON o.m > k.p JOIN a ON a.id = o.id AND a.n = o.m + k.p WHERE a.n > k.p",
        "o, k, a WHERE a.id = o.id AND a.n = o.m + k.p",
        "k, o, a WHERE a.n = o.m + k.p AND a.id = o.id AND k.p < o.m",
        "a JOIN o ON a.id = o.id JOIN k ON a.n - o.m = k.p",
        "a JOIN o ON a.id = o.id CROSS JOIN k WHERE a.n - k.p = o.m",
    ] {
        let rows = lake.query(&format!("{RELATIONS}{joins} ORDER BY 1, 2, 3")).await;
        assert_eq!(rows, "1 | 1 | 11\n1 | 2 | 12\n2 | 1 | 21", "{joins}");
    }
}

#[tokio::test]
async fn each_join_has_its_own_equality_of_nulls() {
    let lake = Lake::new();
    let relations = "WITH a(x, y) AS (VALUES (1, 1), (NULL, NULL)), \
         b(x) AS (VALUES (1), (NULL)), c(y) AS (VALUES (1), (NULL)) SELECT count(*) FROM ";
    for (joins, rows) in [
        ("a JOIN b ON a.x IS NOT DISTINCT FROM b.x JOIN c ON a.y = c.y", "1"),
        ("a JOIN c ON a.y = c.y JOIN b ON a.x IS NOT DISTINCT FROM b.x", "1"),
        ("a JOIN b ON a.x IS NOT DISTINCT FROM b.x CROSS JOIN c", "4"),
        ("a, b, c WHERE a.x IS NOT DISTINCT FROM b.x AND a.y = c.y", "1"),
        ("a JOIN b ON a.x IS NOT DISTINCT FROM b.x, c WHERE a.y = c.y", "1"),
    ] {
        assert_eq!(lake.query(&format!("{relations}{joins}")).await, rows, "{joins}");
    }
}
