SELECT if(genero = 'Anime', 'possivelmente', 'inconclusivo') AS geek, count(*) AS total
FROM read_parquet('{lake}/landing/mysql/creditcard/music/*.parquet')
GROUP BY ALL
