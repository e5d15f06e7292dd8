SELECT count(*) AS total FROM read_parquet('{lake}/landing/mysql/creditcard/music/*.parquet')
