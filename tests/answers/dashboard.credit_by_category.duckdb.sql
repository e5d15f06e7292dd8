SELECT CASE WHEN s <= 150 THEN 'Muito_baixo' WHEN s <= 350 THEN 'Baixo' WHEN s <= 550 THEN 'Medio'
            WHEN s <= 800 THEN 'Alto' WHEN s > 800 THEN 'Muito_alto' END
           AS categoria_credito,
       count(*) AS total
FROM (
    SELECT credit_score::INTEGER AS s
    FROM read_parquet('{lake}/landing/mysql/creditcard/credit_score/*.parquet')
)
GROUP BY ALL
