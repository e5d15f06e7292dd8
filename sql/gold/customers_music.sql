-- description: One row per customer and different musical taste; a customer without any appears
--   once.
-- column genero: NULL for a customer without a taste recorded

with customers as (
    select * from silver.customers
),

music as (
    select * from silver.music
),

final as (
    select distinct
        customers.id,
        customers.nome,
        customers.sexo,
        customers.nascimento,
        customers.profissao,
        customers.idade,
        customers.categoria_idade,
        music.genero,
        music.instrumento,
        music.categoria,
        music.geek
    from customers
    left join music on music.id_cliente = customers.id
)

select * from final
