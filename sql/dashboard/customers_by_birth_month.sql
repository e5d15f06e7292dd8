-- description: One row per month of birth (1 to 12), with the number of customers.

with customers as (
    select * from silver.customers
),

final as (
    select
        cast(date_part('month', nascimento) as int) as mes,
        count(*) as total
    from customers
    group by 1
)

select * from final
order by mes
