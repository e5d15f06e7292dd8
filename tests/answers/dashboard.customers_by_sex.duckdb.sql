SELECT sexo, count(*) AS total
FROM read_parquet('{lake}/landing/mysql/creditcard/customers/*.parquet')
GROUP BY ALL
