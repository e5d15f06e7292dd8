-- Every landed visit with its faults as a list. Included by the answers that read visits.
landed AS (
    SELECT trim(person_id) AS person_id, trim(item_id) AS item_id,
           trim(item_category) AS item_category, trim(visit_time) AS visit_time,
           trim(visit_date) AS visit_date, trim(bought) AS bought, trim(price) AS price,
           trim(quantity) AS quantity
    FROM read_csv('{lake}/landing/retail/visits/*.csv', header = true, all_varchar = true,
                  delim = ',', quote = '"', escape = '"')
),
checked AS (
    SELECT *,
           list_filter([
               if(NOT coalesce(regexp_full_match(person_id, '\d+'), true),
                  'person_id is not a number', NULL),
               if(item_id IS NULL, 'item_id is missing',
                  if(NOT regexp_full_match(item_id, '\d+'), 'item_id is not a number', NULL)),
               if(item_category IS NULL, 'item_category is missing', NULL),
               if(try_strptime(visit_time, '%H:%M') IS NULL, 'visit_time is not HH:MM', NULL),
               if(try_strptime(visit_date, '%Y-%m-%d') IS NULL, 'visit_date is not a date', NULL),
               if(coalesce(bought, '') NOT IN ('true', 'false'),
                  'bought is not true or false', NULL),
               if(coalesce(regexp_full_match(price, '\d+(\.\d\d?)?'), false),
                  if(price::DECIMAL(10, 2) = 0, 'price is zero', NULL), 'price is not an amount'),
               if(coalesce(regexp_full_match(quantity, '\d+'), false),
                  if(quantity::INTEGER = 0 AND bought = 'true', 'bought without a quantity', NULL),
                  'quantity is not a count')
           ], lambda fault: fault IS NOT NULL) AS faults
    FROM landed
),
good AS (
    SELECT person_id::BIGINT AS person_id, item_id::BIGINT AS item_id, item_category,
           visit_date::DATE AS visit_date, visit_time, bought = 'true' AS bought,
           price::DECIMAL(10, 2) AS price, quantity::INTEGER AS quantity
    FROM checked
    WHERE len(faults) = 0
)
