-- description: One row per known person: what the person saw, and what to show next.
-- materialized: delta
-- column items_seen: the different items visited, last seen first
-- column items_recommended: up to 10 items, best first, never one the person bought
-- column scores: the score of each recommended item, in the same order
-- column methods: how each was found, in the same order: co-visit or popular
-- method: Item-to-item collaborative filtering: similar_items, then co_visit_items; ranked_items
--   adds the popular-in-category fallback; evaluation measures all of it. Rows are stored in order
--   of person_id, so that reading one person touches one row group.

with history as (
    select * from recommend.history where run = 'serve'
),

ranked_items as (
    select * from recommend.ranked_items where run = 'serve'
),

seen as (
    select person_id, array_agg(item_id order by position) as items_seen
    from history
    group by person_id
),

recommended as (
    select
        person_id,
        array_agg(item_id order by rank) as items_recommended,
        array_agg(score order by rank) as scores,
        array_agg(method order by rank) as methods
    from ranked_items
    group by person_id
),

final as (
    select
        seen.person_id,
        seen.items_seen,
        recommended.items_recommended,
        recommended.scores,
        recommended.methods
    from seen
    left join recommended on recommended.person_id = seen.person_id
)

select * from final
order by person_id
