-- description: One row per band of 12.5 years of age, named by its lower end, with the number of
--   customers.

with customers as (
    select * from silver.customers
),

final as (
    select
        cast(floor(idade / 12.5) * 12.5 as double) as faixa,
        count(*) as total
    from customers
    group by 1
)

select * from final
order by faixa
