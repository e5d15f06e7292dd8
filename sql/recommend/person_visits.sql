-- description: One row per good visit of a known person, numbered from the last one back.
-- column recency: 1 for the person's last visit

with visits as (
    select * from retail.visits
),

final as (
    select
        person_id,
        item_id,
        item_category,
        visit_date,
        visit_time,
        bought,
        cast(
            row_number() over (
                partition by person_id
                order by visit_date desc, visit_time desc, item_id desc, bought desc
            ) as int
        ) as recency
    from visits
    where person_id is not null
)

select * from final
