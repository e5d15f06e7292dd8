-- description: One row per category of age, with the number of customers.

with customers as (
    select * from silver.customers
),

final as (
    select
        categoria_idade,
        count(*) as total
    from customers
    group by 1
)

select * from final
order by categoria_idade
