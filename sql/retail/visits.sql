-- description: One row per good visit of a person, known or anonymous, to an item.
-- materialized: delta
-- column person_id: NULL for an anonymous visit
-- column visit_time: HH:MM
-- column price: price of one unit, in reais
-- column quantity: units bought; 0 when nothing was bought

with checked as (
    select * from retail.visits_checked
),

final as (
    select
        person_id,
        item_id,
        category_text as item_category,
        visit_date,
        visit_time,
        bought,
        price,
        quantity
    from checked
    where reason is null
)

select * from final
