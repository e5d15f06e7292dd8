-- description: One row per customer, with the age on the day of the run.
-- materialized: delta
-- column idade: age in whole years: floor(days since birth / 365.25)
-- column categoria_idade: idoso above 60, adulto above 30, jovem above 15, else crianca

with customers as (
    select * from bronze.customers
),

aged as (
    select
        *,
        cast(
            floor(
                (date_part('epoch', current_date) - date_part('epoch', nascimento))
                / 86400 / 365.25
            ) as int
        ) as idade
    from customers
),

final as (
    select
        id,
        nome,
        sexo,
        nascimento,
        profissao,
        idade,
        case
            when idade > 60 then 'idoso'
            when idade > 30 then 'adulto'
            when idade > 15 then 'jovem'
            else 'crianca'
        end as categoria_idade
    from aged
)

select * from final
