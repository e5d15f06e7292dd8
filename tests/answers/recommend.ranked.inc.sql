-- The ten items for each person, from the visits in
-- `learned(person_id, item_id, item_category, bought, back)`, where `back` numbers a
-- person's visits from the last one back.
persons_items AS (
    SELECT person_id, item_id, any_value(item_category) AS item_category,
           max(bought::INTEGER) AS bought, min(back) AS newest
    FROM learned
    GROUP BY person_id, item_id
),
recent AS (
    SELECT *, count(*) OVER (PARTITION BY person_id) AS breadth
    FROM persons_items
    QUALIFY rank() OVER (PARTITION BY person_id ORDER BY newest) <= 100
),
popularity AS (
    SELECT item_id, count(*) AS visitors, sum(bought)::BIGINT AS buyers FROM recent GROUP BY item_id
),
neighbours AS (
    SELECT l.item_id AS item_id, r.item_id AS neighbour,
           round(1000000 * count(*) / sqrt(any_value(lp.visitors) * any_value(rp.visitors)))::BIGINT
           + coalesce(round(1000000 * sum(l.bought * r.bought)::BIGINT
               / sqrt(nullif(any_value(lp.buyers) * any_value(rp.buyers), 0))), 0)::BIGINT
               AS likeness
    FROM recent l
    JOIN recent r ON r.person_id = l.person_id AND r.item_id <> l.item_id
    JOIN popularity lp ON lp.item_id = l.item_id
    JOIN popularity rp ON rp.item_id = r.item_id
    GROUP BY l.item_id, r.item_id
    HAVING count(*) > 2
    QUALIFY row_number() OVER (PARTITION BY l.item_id ORDER BY likeness DESC, r.item_id) <= 10
),
found AS (
    SELECT person_id, neighbour AS item_id, 1 AS choice, 'co-visit' AS method,
           sum(likeness * (1 + bought))::BIGINT AS points
    FROM recent
    JOIN neighbours USING (item_id)
    WHERE breadth > 2
    GROUP BY person_id, neighbour
    UNION ALL
    SELECT DISTINCT person_id, p.item_id, 2, 'popular', p.visitors
    FROM (SELECT DISTINCT person_id, item_category FROM persons_items)
    JOIN (
        SELECT item_id, item_category, count(*) AS visitors FROM persons_items GROUP BY ALL
    ) p USING (item_category)
),
ranked AS (
    SELECT person_id, item_id, method,
           if(method = 'popular', points::DOUBLE, points / 1000000) AS score,
           row_number() OVER (PARTITION BY person_id ORDER BY choice, points DESC, item_id) AS place
    FROM (
        SELECT *, row_number() OVER (PARTITION BY person_id, item_id ORDER BY choice) AS nth
        FROM found
    )
    ANTI JOIN (SELECT person_id, item_id FROM persons_items WHERE bought = 1)
        USING (person_id, item_id)
    WHERE nth = 1
    QUALIFY place <= 10
)
