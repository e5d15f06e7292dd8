-- description: One row per run, person and recommended item; at most 10 items a person.
-- materialized: delta
-- column rank: 1 for the best
-- column score: co-visit: the sum of similarities to the items visited; popular: people who visited
--   it
-- column method: co-visit (collaborative filtering) or popular (the fallback)
-- method: The items of recommend.co_visit_items come first. People with fewer than 10 of them (all
--   who visited fewer than 3 items) are filled up with the items of the categories they visited, in
--   order of their visitors, never one they bought. Ties go to the lower item_id.

with history as (
    select * from recommend.history
),

co_visit_items as (
    select * from recommend.co_visit_items
),

-- How many places the fallback has to fill.
filled as (
    select run, person_id, count(*) as places from co_visit_items group by run, person_id
),

short as (
    select
        history.run,
        history.person_id,
        history.item_category,
        coalesce(max(filled.places), 0) as places
    from history
    left join filled on filled.run = history.run and filled.person_id = history.person_id
    group by history.run, history.person_id, history.item_category
    having coalesce(max(filled.places), 0) < 10
),

bought as (
    select run, person_id, item_id from history where bought
),

popular as (
    select run, item_id, item_category, count(*) as visitors
    from history
    group by run, item_id, item_category
),

fallback as (
    select
        short.run,
        short.person_id,
        popular.item_id,
        popular.visitors,
        short.places + row_number() over (
            partition by short.run, short.person_id order by popular.visitors desc, popular.item_id
        ) as rank
    from short
    join popular on popular.run = short.run and popular.item_category = short.item_category
    left join bought
        on bought.run = short.run
        and bought.person_id = short.person_id
        and bought.item_id = popular.item_id
    left join co_visit_items
        on co_visit_items.run = short.run
        and co_visit_items.person_id = short.person_id
        and co_visit_items.item_id = popular.item_id
    where bought.item_id is null and co_visit_items.item_id is null
),

final as (
    select run, person_id, rank, item_id, score, 'co-visit' as method
    from co_visit_items
    union all
    select
        run,
        person_id,
        cast(rank as int) as rank,
        item_id,
        cast(visitors as double precision) as score,
        'popular' as method
    from fallback
    where rank <= 10
)

select * from final
