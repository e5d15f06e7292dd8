-- description: One row in all: the number of musical tastes recorded.

with music as (
    select * from silver.music
),

final as (
    select count(*) as total from music
)

select * from final
