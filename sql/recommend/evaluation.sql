-- description: One row in all: how often the item of the last visit is among the 10 recommended.
-- materialized: delta
-- column people: people with two visits or more: the last one is left out and guessed from the
--   others
-- column hits: people whose last item is among their 10 recommended items
-- column hit_rate_at_10: hits per person
-- column popular_hits: the same for the baseline: the 10 most visited items the person did not buy
-- column popular_hit_rate_at_10: popular_hits per person
-- method: Leave one out, on the run "measure" of the models that serve: the same SQL is measured
--   that answers people. The baseline sees the same visits and keeps the same rule on items bought.

with last_visits as (
    select person_id, item_id from recommend.person_visits where recency = 1
),

history as (
    select * from recommend.history where run = 'measure'
),

ranked_items as (
    select * from recommend.ranked_items where run = 'measure'
),

people as (
    select distinct person_id from history
),

popular as (
    select item_id, row_number() over (order by count(*) desc, item_id) as rank
    from history
    group by item_id
),

-- The ten most popular items a person did not buy: an item's rank less the bought items above it.
bought as (
    select history.person_id, history.item_id, popular.rank
    from history
    join popular on popular.item_id = history.item_id
    where history.bought
),

popular_places as (
    select
        last_visits.person_id,
        popular.rank - count(bought.item_id) as place,
        coalesce(bool_or(bought.item_id = last_visits.item_id), false) as was_bought
    from last_visits
    join popular on popular.item_id = last_visits.item_id
    left join bought on bought.person_id = last_visits.person_id and bought.rank <= popular.rank
    group by last_visits.person_id, popular.rank
),

guesses as (
    select
        people.person_id,
        case when ranked_items.item_id is not null then 1 else 0 end as hit,
        case when popular_places.place <= 10 and not popular_places.was_bought then 1 else 0 end
            as popular_hit
    from people
    join last_visits on last_visits.person_id = people.person_id
    left join ranked_items
        on ranked_items.person_id = last_visits.person_id
        and ranked_items.item_id = last_visits.item_id
    left join popular_places on popular_places.person_id = people.person_id
),

final as (
    select
        count(*) as people,
        sum(hit) as hits,
        round(sum(hit) / cast(nullif(count(*), 0) as double precision), 4) as hit_rate_at_10,
        sum(popular_hit) as popular_hits,
        round(sum(popular_hit) / cast(nullif(count(*), 0) as double precision), 4)
            as popular_hit_rate_at_10
    from guesses
)

select * from final
