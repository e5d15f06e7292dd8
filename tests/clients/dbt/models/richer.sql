{{ config(materialized='table') }}
select id, idade from {{ source('gold', 'customers_credit') }}
