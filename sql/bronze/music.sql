-- description: One row per musical taste recorded, as landed. A customer may have none or several.
-- materialized: delta
-- manifest: yes
-- column customer_id: the customer; may match no customer
-- column genero: genre
-- column instrumento: instrument
-- column categoria: family of the instrument

with landed as (
    select * from landing.music
),

final as (
    select
        cast(customer_id as int) as customer_id,
        genero,
        instrumento,
        categoria
    from landed
)

select * from final
