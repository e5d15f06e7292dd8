-- Customers with every pair of a different credit score and a different musical taste.
SELECT c.id, c.nome, c.sexo, c.nascimento, c.profissao, c.idade,
       CASE WHEN idade BETWEEN 61 AND 200 THEN 'idoso' WHEN idade BETWEEN 31 AND 60 THEN 'adulto'
            WHEN idade BETWEEN 16 AND 30 THEN 'jovem' ELSE 'crianca' END AS categoria_idade,
       k.provedor, k.s AS pontuacao,
       CASE WHEN s <= 150 THEN 'Muito_baixo' WHEN s <= 350 THEN 'Baixo' WHEN s <= 550 THEN 'Medio'
            WHEN s <= 800 THEN 'Alto' WHEN s > 800 THEN 'Muito_alto' END AS categoria_credito,
       m.genero, m.instrumento, m.categoria,
       CASE m.genero = 'Anime' WHEN true THEN 'possivelmente' WHEN false THEN 'inconclusivo'
            END AS geek
FROM (
    SELECT id, nome, sexo, nascimento, profissao,
           floor((DATE '{today}' - nascimento) / 365.25)::INTEGER AS idade
    FROM read_parquet('{lake}/landing/mysql/creditcard/customers/*.parquet')
) c
LEFT JOIN (
    SELECT DISTINCT customer_id, provedor, credit_score::INTEGER AS s
    FROM read_parquet('{lake}/landing/mysql/creditcard/credit_score/*.parquet')
) k ON k.customer_id = c.id
LEFT JOIN (
    SELECT DISTINCT customer_id, genero, instrumento, categoria
    FROM read_parquet('{lake}/landing/mysql/creditcard/music/*.parquet')
) m ON m.customer_id = c.id
