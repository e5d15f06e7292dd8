// node-postgres: plain, named and binary queries, types, cursors, streams, pool, cancel, errors.
const { Client, Pool } = require('pg')
const Cursor = require('pg-cursor')
const QueryStream = require('pg-query-stream')

const tables = ['shop.customers', 'shop.products', 'shop.orders', 'gold.order_totals']

async function attempt(promise) {
  try {
    return await promise
  } catch (error) {
    console.error(error.message)
  }
}

async function read(client) {
  for (const table of tables) {
    await attempt(client.query(`SELECT * FROM ${table} ORDER BY 1`))
    const text = `SELECT * FROM ${table} ORDER BY 1`
    await attempt(client.query({ text, rowMode: 'array' }))
    await attempt(client.query({ text, values: [], binary: true }))
  }
  const where =
    'SELECT * FROM shop.orders WHERE id > $1 AND status = $2 AND ordered_at > $3 ORDER BY id'
  for (let i = 0; i < 3; i++) {
    const values = [5000000005 + i, 'paid', new Date(Date.UTC(2026, 0, 5))]
    await attempt(client.query(where, values))
    await attempt(client.query({ name: 'orders-after', text: where, values }))
  }
  const typed = [
    ['int4', 1], ['int8', '1099511627776'], ['float8', 0.1], ['numeric', '12.50'],
    ['text', "é'\\"], ['bool', true], ['date', '2026-01-31'], ['timestamptz', new Date(0)],
    ['bytea', Buffer.from([0, 255])], ['int4[]', [1, null]], ['text[]', ['a', 'b,c']],
    ['jsonb', { a: [1] }], ['uuid', '00000000-0000-0000-0000-000000000001'],
  ]
  for (const [type, value] of typed) {
    await attempt(client.query(`SELECT $1::${type} AS value`, [value]))
  }
  await attempt(client.query('SELECT $1 AS value', ['x']))
  const any = 'SELECT name FROM shop.customers WHERE id = ANY($1) ORDER BY id'
  await attempt(client.query(any, [[1, 2]]))
  const optional = 'SELECT name FROM shop.customers WHERE $1::text IS NULL OR name = $1'
  await attempt(client.query(optional, [null]))
  await attempt(client.query('SELECT 1 AS a; SELECT 2 AS b'))
  const wrong = ['SELECT nothing', 'SELEC', 'SELECT * FROM shop.nothing', 'SELECT 1 / 0', '']
  for (const text of wrong) {
    await attempt(client.query(text))
    await attempt(client.query({ name: `wrong ${text}`, text }))
  }
}

async function cursors(client) {
  const after = 'SELECT * FROM shop.orders WHERE id > $1 ORDER BY id'
  const cursor = client.query(new Cursor(after, [5000000002]))
  await attempt(cursor.read(5))
  await attempt(cursor.read(100))
  await attempt(cursor.read(5))
  await attempt(cursor.close())
  const early = client.query(new Cursor('SELECT id FROM shop.orders ORDER BY id'))
  await attempt(early.read(2))
  await attempt(early.close())
  const lines = 'SELECT order_id, line FROM shop.order_lines ORDER BY 1, 2'
  const stream = client.query(new QueryStream(lines, [], { batchSize: 8 }))
  await attempt((async () => { for await (const row of stream) row })())
}

async function transactions(client) {
  await attempt(client.query('BEGIN'))
  await attempt(client.query('SELECT 1'))
  await attempt(client.query('SELECT nothing'))
  await attempt(client.query('SELECT 2'))
  await attempt(client.query('ROLLBACK'))
  await attempt(client.query('BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE'))
  await attempt(client.query('COMMIT'))
}

async function main() {
  const client = new Client({ statement_timeout: 60000, application_name: 'replay' })
  await client.connect()
  await read(client)
  await cursors(client)
  await transactions(client)
  await client.end()
  const pool = new Pool({ max: 2, options: '-c search_path=shop' })
  await attempt(pool.query('SELECT count(*) FROM orders'))
  await attempt(Promise.all([pool.query('SELECT 1'), pool.query('SELECT 2')]))
  await attempt(pool.query("SET statement_timeout = 200; SELECT pg_sleep(60)"))
  const shown = await attempt(pool.query('SHOW server_version'))
  if (shown) await attempt(pool.query('SELECT version()'))
  process.exit(0)
}

main()
