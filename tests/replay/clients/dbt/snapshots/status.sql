{% snapshot status_history %}
{{ config(schema='dbt', unique_key='id', strategy='check', check_cols=['status']) }}
select id, status from {{ source('shop', 'orders') }}
{% endsnapshot %}
