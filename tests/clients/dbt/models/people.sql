select id, nome, profissao, nascimento
from {{ source('landing', 'customers') }}
