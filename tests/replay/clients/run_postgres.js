// postgres.js: its look at array types, prepared statements, fragments, cursors, transactions.
const postgres = require('postgres')

async function attempt(action) {
  try {
    return await action()
  } catch (error) {
    console.error(error.message)
  }
}

async function main() {
  const sql = postgres({ max: 1, onnotice: () => {}, connection: { application_name: 'replay' } })
  for (const table of ['shop.customers', 'shop.products', 'shop.orders', 'gold.daily_sales']) {
    await attempt(() => sql`SELECT * FROM ${sql(table)} ORDER BY 1`)
    await attempt(() => sql`SELECT * FROM ${sql(table)} ORDER BY 1`.describe())
  }
  for (const id of [1, 2, 3]) {
    await attempt(() => sql`SELECT * FROM shop.customers WHERE id = ${id} AND active = ${true}`)
  }
  await attempt(() => sql`SELECT * FROM shop.orders WHERE status IN ${sql(['new', 'paid'])}
    AND ordered_at > ${new Date(Date.UTC(2026, 0, 5))} ORDER BY id`)
  await attempt(() => sql`SELECT name FROM shop.customers WHERE id = ANY(${[1, 2]}) ORDER BY id`)
  await attempt(() => sql`SELECT ${'x'} AS a, ${1.5}::float8 AS b, ${null}::text AS c`)
  const [json, numbers] = [sql.json({ a: 1 }), sql.array([1, 2])]
  await attempt(() => sql`SELECT ${json}::jsonb AS a, ${numbers}::int[] AS b`)
  await attempt(() => sql.unsafe('SELECT 1 AS a; SELECT 2 AS b'))
  await attempt(() => sql`SELECT 1; SELECT 2`.simple())
  await attempt(() => sql`SELECT id FROM shop.orders ORDER BY id`.cursor(6, () => {}))
  await attempt(() => sql`SELECT id, name FROM shop.customers ORDER BY id`.values())
  await attempt(() => sql`SELECT id, name FROM shop.customers ORDER BY id`.raw())
  await attempt(() => sql`SELECT nothing`)
  await attempt(() => sql.begin(async (t) => {
    await t`SELECT 1`
    await t.savepoint((s) => s`SELECT nothing`).catch(() => {})
    await t`SELECT 2`
  }))
  await attempt(() => sql.begin('read only', (t) => [t`SELECT 1`, t`SELECT 2`]))
  await attempt(async () => {
    const copy = sql`COPY (SELECT id, name FROM shop.customers ORDER BY id) TO STDOUT`
    const out = await copy.readable()
    for await (const chunk of out) chunk
  })
  await attempt(async () => {
    const query = sql`SELECT pg_sleep(60)`.execute()
    setTimeout(() => query.cancel(), 300)
    await query
  })
  await sql.end()
}

main()
