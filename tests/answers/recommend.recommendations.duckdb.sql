WITH {include retail.checked},
learned AS (
    SELECT person_id, item_id, item_category, bought,
           row_number() OVER (PARTITION BY person_id
               ORDER BY visit_date + visit_time::TIME DESC, item_id DESC, bought DESC) AS back
    FROM good
    WHERE person_id IS NOT NULL
),
{include recommend.ranked}
SELECT person_id, seen.items AS items_seen, items_recommended, scores, methods
FROM (
    SELECT person_id, list(item_id ORDER BY newest) AS items FROM persons_items GROUP BY person_id
) seen
LEFT JOIN (
    SELECT person_id,
           list(item_id ORDER BY place) AS items_recommended,
           list(score ORDER BY place) AS scores,
           list(method ORDER BY place) AS methods
    FROM ranked
    GROUP BY person_id
) USING (person_id)
