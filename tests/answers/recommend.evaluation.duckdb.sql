-- The last visit of each person with two or more, guessed from everything else.
WITH {include retail.checked},
numbered AS (
    SELECT person_id, item_id, item_category, bought,
           row_number() OVER (PARTITION BY person_id
               ORDER BY visit_date + visit_time::TIME DESC, item_id DESC, bought DESC) AS back
    FROM good
    WHERE person_id IS NOT NULL
),
learned AS (SELECT * FROM numbered WHERE back > 1),
{include recommend.ranked},
guessed AS (
    SELECT person_id, item_id FROM numbered
    WHERE back = 1 AND person_id IN (SELECT person_id FROM learned)
),
-- The baseline, spelled out: every person against every item, the bought ones struck off.
baseline AS (
    SELECT person_id, item_id
    FROM guessed g(person_id, target)
    CROSS JOIN (SELECT item_id, count(*) AS visitors FROM persons_items GROUP BY item_id)
    ANTI JOIN (SELECT person_id, item_id FROM persons_items WHERE bought = 1)
        USING (person_id, item_id)
    QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY visitors DESC, item_id) <= 10
),
counted AS (
    SELECT (SELECT count(*) FROM guessed) AS people,
           (SELECT count(*) FROM guessed SEMI JOIN ranked USING (person_id, item_id)) AS hits,
           (SELECT count(*) FROM guessed SEMI JOIN baseline USING (person_id, item_id))
               AS popular_hits
)
SELECT people, hits, round(hits / people, 4) AS hit_rate_at_10,
       popular_hits, round(popular_hits / people, 4) AS popular_hit_rate_at_10
FROM counted
