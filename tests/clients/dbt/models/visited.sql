{{ config(materialized='incremental', unique_key='id') }}
select id, dt_update from {{ source('landing', 'customers') }}
{% if is_incremental() %}
where dt_update > (select max(dt_update) from {{ this }})
{% endif %}
