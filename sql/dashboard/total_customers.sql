-- description: One row in all: the number of customers.

with customers as (
    select * from silver.customers
),

final as (
    select count(*) as total from customers
)

select * from final
