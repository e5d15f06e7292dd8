-- description: One row per day with at least one good visit, oldest first.
-- materialized: delta
-- column visits: good visits, anonymous ones included
-- column people_identified: different people who were not anonymous
-- column items_visited: different items visited
-- column items_sold: units bought
-- column revenue: price times quantity of what was bought, in reais

with visits as (
    select * from retail.visits
),

final as (
    select
        visit_date,
        count(*) as visits,
        count(distinct person_id) as people_identified,
        count(distinct item_id) as items_visited,
        coalesce(sum(case when bought then quantity end), 0) as items_sold,
        cast(
            coalesce(sum(case when bought then price * quantity end), 0) as decimal(18, 2)
        ) as revenue
    from visits
    group by visit_date
)

select * from final
order by visit_date
