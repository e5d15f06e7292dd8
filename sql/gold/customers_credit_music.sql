-- description: One row per customer, different credit score and different musical taste. A customer
--   without scores or without tastes still appears.
-- column pontuacao: NULL for a customer without a score
-- column genero: NULL for a customer without a taste recorded

with customers as (
    select * from silver.customers
),

credit_score as (
    select * from silver.credit_score
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
        credit_score.provedor,
        credit_score.pontuacao,
        credit_score.categoria_credito,
        music.genero,
        music.instrumento,
        music.categoria,
        music.geek
    from customers
    left join credit_score on credit_score.id_cliente = customers.id
    left join music on music.id_cliente = customers.id
)

select * from final
