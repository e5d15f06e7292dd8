-- description: One row per run, person and item found by collaborative filtering; at most 10 a
--   person.
-- materialized: delta
-- column rank: 1 for the best
-- column score: the sum of the item's similarities to the items the person visited
-- method: For people who visited 3 items or more; the others have too little history and are left
--   to the fallback. The score of an item is the sum of its similarities to the person's last 100
--   items, where an item bought counts double. Items the person bought are never recommended; items
--   seen and not bought may be. Ties go to the lower item_id.

with history as (
    select * from recommend.history
),

similar_items as (
    select * from recommend.similar_items
),

known as (
    select run, person_id from history group by run, person_id having count(*) >= 3
),

scored as (
    select
        history.run,
        history.person_id,
        similar_items.neighbour_id as item_id,
        sum(similar_items.similarity * case when history.bought then 2 else 1 end) as score
    from history
    join known on known.run = history.run and known.person_id = history.person_id
    join similar_items
        on similar_items.run = history.run and similar_items.item_id = history.item_id
    where history.position <= 100
    group by history.run, history.person_id, similar_items.neighbour_id
),

bought as (
    select run, person_id, item_id from history where bought
),

ranked as (
    select
        scored.run,
        scored.person_id,
        scored.item_id,
        cast(scored.score as double precision) / 1000000 as score,
        cast(
            row_number() over (
                partition by scored.run, scored.person_id
                order by scored.score desc, scored.item_id
            ) as int
        ) as rank
    from scored
    left join bought
        on bought.run = scored.run
        and bought.person_id = scored.person_id
        and bought.item_id = scored.item_id
    where bought.item_id is null
),

final as (
    select run, person_id, rank, item_id, score from ranked where rank <= 10
)

select * from final
