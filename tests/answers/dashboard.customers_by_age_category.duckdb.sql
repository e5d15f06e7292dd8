SELECT CASE WHEN idade BETWEEN 61 AND 200 THEN 'idoso' WHEN idade BETWEEN 31 AND 60 THEN 'adulto'
            WHEN idade BETWEEN 16 AND 30 THEN 'jovem' ELSE 'crianca' END AS categoria_idade,
       count(*) AS total
FROM (
    SELECT id, nome, sexo, nascimento, profissao,
           floor((DATE '{today}' - nascimento) / 365.25)::INTEGER AS idade
    FROM read_parquet('{lake}/landing/mysql/creditcard/customers/*.parquet')
)
GROUP BY ALL
