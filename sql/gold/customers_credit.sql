-- description: One row per customer and different credit score; a customer without any appears
--   once.
-- column pontuacao: NULL for a customer without a score

with customers as (
    select * from silver.customers
),

credit_score as (
    select * from silver.credit_score
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
        credit_score.categoria_credito
    from customers
    left join credit_score on credit_score.id_cliente = customers.id
)

select * from final
