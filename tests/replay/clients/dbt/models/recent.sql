{{ config(materialized='incremental', unique_key='id') }}
select id, customer_id, status, ordered_at from {{ source('shop', 'orders') }}
{% if is_incremental() %}
where ordered_at >= (select max(ordered_at) from {{ this }})
{% endif %}
