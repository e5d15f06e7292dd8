-- description: One row per answer to whether the taste is a geek's, with the number of tastes
--   recorded.

with music as (
    select * from silver.music
),

final as (
    select
        geek,
        count(*) as total
    from music
    group by 1
)

select * from final
order by geek
