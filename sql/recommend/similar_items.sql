-- description: One row per run, item and neighbour of the item; at most 10 neighbours each.
-- materialized: delta
-- column similarity: in millionths, a whole number, so that sums do not depend on their order
-- column rank: 1 for the nearest neighbour
-- method: Item-to-item cosine over people. Two items are alike when the same people visit both:
--   co_visitors / sqrt(visitors × visitors), plus the same measure over the people who bought both.
--   Parameters: the last 100 items of a person count (bounds the pairs of a busy person); a pair
--   needs 3 people in common; 10 neighbours are kept (20, 30 and 50 measured no better).

with history as (
    select run, person_id, item_id, bought from recommend.history where position <= 100
),

counts as (
    select
        run,
        item_id,
        count(*) as visitors,
        count(case when bought then 1 end) as buyers
    from history
    group by run, item_id
),

pairs as (
    select
        one.run,
        one.item_id as item_id,
        other.item_id as neighbour_id,
        count(*) as co_visitors,
        count(case when one.bought and other.bought then 1 end) as co_buyers
    from history as one
    join history as other
        on other.run = one.run
        and other.person_id = one.person_id
        and other.item_id > one.item_id
    group by one.run, one.item_id, other.item_id
    having count(*) >= 3
),

measured as (
    select
        pairs.run,
        pairs.item_id,
        pairs.neighbour_id,
        cast(round(1000000 * pairs.co_visitors / sqrt(one.visitors * other.visitors)) as bigint)
        + cast(
            round(
                1000000 * pairs.co_buyers / sqrt(greatest(one.buyers * other.buyers, 1))
            ) as bigint
        ) as similarity
    from pairs
    join counts as one on one.run = pairs.run and one.item_id = pairs.item_id
    join counts as other on other.run = pairs.run and other.item_id = pairs.neighbour_id
),

both_ways as (
    select run, item_id, neighbour_id, similarity from measured
    union all
    select run, neighbour_id, item_id, similarity from measured
),

ranked as (
    select
        *,
        cast(
            row_number() over (
                partition by run, item_id order by similarity desc, neighbour_id
            ) as int
        ) as rank
    from both_ways
),

final as (
    select run, item_id, neighbour_id, similarity, rank from ranked where rank <= 10
)

select * from final
