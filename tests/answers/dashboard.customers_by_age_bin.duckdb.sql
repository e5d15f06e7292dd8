SELECT ((idade * 2) // 25)::DOUBLE * 12.5 AS faixa, count(*) AS total
FROM (
    SELECT id, nome, sexo, nascimento, profissao,
           floor((DATE '{today}' - nascimento) / 365.25)::INTEGER AS idade
    FROM read_parquet('{lake}/landing/mysql/creditcard/customers/*.parquet')
)
GROUP BY ALL
