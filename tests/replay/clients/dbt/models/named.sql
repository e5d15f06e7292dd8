{{ config(materialized='view') }}
select t.*, c.name from {{ ref('totals') }} t
join {{ source('shop', 'customers') }} c on c.id = t.customer_id
