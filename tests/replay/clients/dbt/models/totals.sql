{{ config(materialized='table') }}
select customer_id, count(*) as orders, sum(total) as total
from {{ source('shop', 'orders') }}
group by customer_id
