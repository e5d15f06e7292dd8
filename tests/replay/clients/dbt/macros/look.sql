{% macro look() %}
  {% set orders = adapter.get_relation(target.database, 'shop', 'orders') %}
  {% do log(adapter.get_columns_in_relation(orders)) %}
  {% do log(list_relations_without_caching(api.Relation.create(
      database=target.database, schema='shop'))) %}
  {% do log(adapter.get_missing_columns(orders, orders)) %}
  {% do log(adapter.list_schemas(target.database)) %}
  {% do log(adapter.check_schema_exists(target.database, 'gold')) %}
  {% do log(dbt_utils_like_tables()) %}
{% endmacro %}

{% macro dbt_utils_like_tables() %}
  {% do return(run_query("select distinct table_schema, table_name, table_type from "
      ~ "information_schema.tables where table_schema ilike 'shop' and table_name ilike '%'"
      ~ " and table_name not ilike ''")) %}
{% endmacro %}

{% macro drop_all() %}
  {% do adapter.drop_schema(api.Relation.create(database=target.database, schema='dbt')) %}
{% endmacro %}
