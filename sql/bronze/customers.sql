-- description: One row per customer, as landed, without contact data.
-- materialized: delta
-- manifest: yes
-- column id: the customer's key
-- column nome: full name
-- column sexo: M or F
-- column nascimento: date of birth
-- column profissao: profession

with landed as (
    select * from landing.customers
),

final as (
    select
        cast(id as int) as id,
        nome,
        sexo,
        cast(nascimento as date) as nascimento,
        profissao
    from landed
)

select * from final
