-- Customers with their different musical tastes.
SELECT c.id, c.nome, c.sexo, c.nascimento, c.profissao, c.idade,
       CASE WHEN idade BETWEEN 61 AND 200 THEN 'idoso' WHEN idade BETWEEN 31 AND 60 THEN 'adulto'
            WHEN idade BETWEEN 16 AND 30 THEN 'jovem' ELSE 'crianca' END AS categoria_idade,
       m.genero, m.instrumento, m.categoria,
       CASE m.genero = 'Anime' WHEN true THEN 'possivelmente' WHEN false THEN 'inconclusivo'
            END AS geek
FROM (
    SELECT id, nome, sexo, nascimento, profissao,
           floor((DATE '{today}' - nascimento) / 365.25)::INTEGER AS idade
    FROM read_parquet('{lake}/landing/mysql/creditcard/customers/*.parquet')
) c
LEFT JOIN (
    SELECT DISTINCT customer_id, genero, instrumento, categoria
    FROM read_parquet('{lake}/landing/mysql/creditcard/music/*.parquet')
) m ON m.customer_id = c.id
