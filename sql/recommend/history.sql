-- description: One row per run, person and item the person visited.
-- materialized: delta
-- column run: serve holds every visit; measure leaves each person's last visit out, to be guessed
-- column visits: how often the person visited the item
-- column bought: whether the person ever bought it
-- column position: 1 for the item visited last

with person_visits as (
    select * from recommend.person_visits
),

runs as (
    select 'serve' as run, * from person_visits
    union all
    select 'measure' as run, * from person_visits where recency > 1
),

items as (
    select
        run,
        person_id,
        item_id,
        max(item_category) as item_category,
        count(*) as visits,
        bool_or(bought) as bought,
        min(recency) as last_recency
    from runs
    group by run, person_id, item_id
),

final as (
    select
        run,
        person_id,
        item_id,
        item_category,
        visits,
        bought,
        cast(
            row_number() over (partition by run, person_id order by last_recency) as int
        ) as position
    from items
)

select * from final
