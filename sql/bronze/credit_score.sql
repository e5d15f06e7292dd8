-- description: One row per credit score received, as landed. A customer may have none or several.
-- materialized: delta
-- manifest: yes
-- column customer_id: the customer scored; may match no customer
-- column provedor: the bureau that gave the score
-- column credit_score: 300 to 850, as text

with landed as (
    select * from landing.credit_score
),

final as (
    select
        cast(customer_id as int) as customer_id,
        nome,
        provedor,
        cast(credit_score as varchar) as credit_score
    from landed
)

select * from final
