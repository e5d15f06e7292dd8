-- description: One row per category of credit, with the number of scores received.

with credit_score as (
    select * from silver.credit_score
),

final as (
    select
        categoria_credito,
        count(*) as total
    from credit_score
    group by 1
)

select * from final
order by categoria_credito
