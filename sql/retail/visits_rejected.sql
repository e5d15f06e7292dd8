-- description: One row per landed visit that was set aside, as it came but for outer blanks, with
--   the reason. The rows of retail.visits and these are all the rows of landing.visits.
-- materialized: delta
-- column reason: all faults, joined by "; "

with checked as (
    select * from retail.visits_checked
),

final as (
    select
        person_text as person_id,
        item_text as item_id,
        category_text as item_category,
        time_text as visit_time,
        date_text as visit_date,
        bought_text as bought,
        price_text as price,
        quantity_text as quantity,
        reason
    from checked
    where reason is not null
)

select * from final
