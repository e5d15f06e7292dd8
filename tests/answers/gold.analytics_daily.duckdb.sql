WITH {include retail.checked}
SELECT visit_date,
       count(*) AS visits,
       len(list_distinct(list(person_id))) AS people_identified,
       len(list_distinct(list(item_id))) AS items_visited,
       (sum(quantity) FILTER (bought))::BIGINT AS items_sold,
       (sum(price * quantity) FILTER (bought))::DECIMAL(18, 2) AS revenue
FROM good
GROUP BY visit_date
