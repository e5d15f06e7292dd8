SELECT extract(year FROM nascimento)::INTEGER AS ano, count(*) AS total
FROM read_parquet('{lake}/landing/mysql/creditcard/customers/*.parquet')
GROUP BY ALL
