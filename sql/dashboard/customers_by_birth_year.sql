-- description: One row per year of birth, with the number of customers.

with customers as (
    select * from silver.customers
),

final as (
    select
        cast(date_part('year', nascimento) as int) as ano,
        count(*) as total
    from customers
    group by 1
)

select * from final
order by ano
