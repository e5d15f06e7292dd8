select id from {{ source('landing', 'customers') }} where nascimento > current_date
