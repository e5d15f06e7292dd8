-- description: One row per landed visit, good or bad: its typed values, and why it is bad.
-- column reason: what is wrong, all faults joined by "; "; NULL for a good visit
-- method: Every landed column is read as text first, so that the checks are the same whether the
--   catalog has it as text or typed. An empty person_id is an anonymous visit, not a fault.

with landed as (
    select
        nullif(trim(cast(person_id as varchar)), '') as person_text,
        nullif(trim(cast(item_id as varchar)), '') as item_text,
        nullif(trim(cast(item_category as varchar)), '') as category_text,
        nullif(trim(cast(visit_time as varchar)), '') as time_text,
        nullif(trim(cast(visit_date as varchar)), '') as date_text,
        nullif(trim(cast(bought as varchar)), '') as bought_text,
        nullif(trim(cast(price as varchar)), '') as price_text,
        nullif(trim(cast(quantity as varchar)), '') as quantity_text
    from landing.visits
),

-- A value is cast only when its whole text has the right shape; anything else becomes NULL.
typed as (
    select
        *,
        case when regexp_like(person_text, '^[0-9]{1,18}$')
            then try_cast(person_text as bigint) end as person_id,
        case when regexp_like(item_text, '^[0-9]{1,18}$')
            then try_cast(item_text as bigint) end as item_id,
        case when regexp_like(time_text, '^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$')
            then substr(time_text, 1, 5) end as visit_time,
        case when regexp_like(date_text, '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00:00)?$')
            then try_cast(substr(date_text, 1, 10) as date) end as visit_date,
        case lower(bought_text) when 'true' then true when 'false' then false end as bought,
        case when regexp_like(price_text, '^[0-9]{1,8}([.][0-9]{1,2})?$')
            then try_cast(price_text as decimal(10, 2)) end as price,
        case when regexp_like(quantity_text, '^[0-9]{1,6}$')
            then try_cast(quantity_text as int) end as quantity
    from landed
),

final as (
    select
        *,
        nullif(
            concat_ws(
                '; ',
                case when person_text is not null and person_id is null
                    then 'person_id is not a number' end,
                case when item_text is null then 'item_id is missing'
                    when item_id is null then 'item_id is not a number' end,
                case when category_text is null then 'item_category is missing' end,
                case when visit_time is null then 'visit_time is not HH:MM' end,
                case when visit_date is null then 'visit_date is not a date' end,
                case when bought is null then 'bought is not true or false' end,
                case when price is null then 'price is not an amount'
                    when price = 0 then 'price is zero' end,
                case when quantity is null then 'quantity is not a count'
                    when bought and quantity = 0 then 'bought without a quantity' end
            ),
            ''
        ) as reason
    from typed
)

select * from final
