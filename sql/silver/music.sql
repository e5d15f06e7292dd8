-- description: One row per musical taste recorded.
-- materialized: delta
-- column id_cliente: the customer; may match no customer
-- column geek: possivelmente for the genre Anime, else inconclusivo

with music as (
    select * from bronze.music
),

final as (
    select
        customer_id as id_cliente,
        genero,
        instrumento,
        categoria,
        case when genero = 'Anime' then 'possivelmente' else 'inconclusivo' end as geek
    from music
)

select * from final
