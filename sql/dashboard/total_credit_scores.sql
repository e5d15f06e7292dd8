-- description: One row in all: the number of credit scores received.

with credit_score as (
    select * from silver.credit_score
),

final as (
    select count(*) as total from credit_score
)

select * from final
