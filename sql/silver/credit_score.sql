-- description: One row per credit score received, as a number with its category.
-- materialized: delta
-- column id_cliente: the customer scored; may match no customer
-- column pontuacao: the score; NULL when the text is not a number
-- column categoria_credito: Muito_alto above 800, Alto above 550, Medio above 350, Baixo above 150,
--   else Muito_baixo; NULL without a score

with credit_score as (
    select * from bronze.credit_score
),

typed as (
    select
        customer_id as id_cliente,
        nome,
        provedor,
        try_cast(trim(credit_score) as int) as pontuacao
    from credit_score
),

final as (
    select
        id_cliente,
        nome,
        provedor,
        pontuacao,
        case
            when pontuacao > 800 then 'Muito_alto'
            when pontuacao > 550 then 'Alto'
            when pontuacao > 350 then 'Medio'
            when pontuacao > 150 then 'Baixo'
            when pontuacao is not null then 'Muito_baixo'
        end as categoria_credito
    from typed
)

select * from final
