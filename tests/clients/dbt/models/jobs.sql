select profissao, count(*) as people
from {{ ref('people') }}
group by profissao
