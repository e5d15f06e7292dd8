-- description: One row per sex, with the number of customers.

with customers as (
    select * from silver.customers
),

final as (
    select
        sexo,
        count(*) as total
    from customers
    group by 1
)

select * from final
order by sexo
