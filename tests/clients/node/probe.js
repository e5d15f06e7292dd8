// What node-postgres, pg-cursor and pg-query-stream do. Prints one JSON value per probe, which the
// test reads; a probe that fails prints its error instead. Argument: the port.
'use strict'

const { Client, Pool, types } = require('pg')
const Cursor = require('pg-cursor')
const QueryStream = require('pg-query-stream')

const SERIES = 'SELECT v FROM generate_series(1, $1::int4) AS t(v) ORDER BY v'
const options = {
  host: '127.0.0.1', port: Number(process.argv[2]), user: 'lakegate', database: 'lake',
}
// Text as it came over the wire, so that nothing depends on the zone of this process.
for (const oid of [1082, 1114, 1184]) types.setTypeParser(oid, (text) => text)

const probes = {
  async types(client) {
    const sql = 'SELECT id, truth, small, whole, big, floating, exact, text, bytes, day, at, ' +
      'instant, clock, numbers, words FROM types WHERE id = 3'
    const { rows, fields } = await client.query(sql)
    return { row: rows[0], oids: fields.map((field) => field.dataTypeID) }
  },

  async json(client) {
    const sql = 'SELECT \'{"a": [1, null]}\'::jsonb AS b, \'[1]\'::json AS j'
    const { rows } = await client.query(sql)
    return rows[0]
  },

  async parameters(client) {
    const sql = 'SELECT $1::int4 AS n, $2::text AS t, $3::bool AS b, $4::float8 AS f, ' +
      '$5::int4[] AS a, $6::bytea AS y, $7::jsonb AS j, $8::text AS z, $9::timestamptz AS d'
    const values = [
      7, "é'", true, 0.1, [1, 2, null], Buffer.from([0, 255]), { k: [1] }, null,
      new Date(Date.UTC(2024, 1, 29, 1, 2, 3)),
    ]
    return (await client.query(sql, values)).rows[0]
  },

  async bareParameters(client) {
    const sql = 'SELECT id FROM types WHERE id = ANY($1) AND id > $2 AND text <> $3 ' +
      'ORDER BY id LIMIT $4'
    return (await client.query(sql, [[1, 2, 3], 1, 'nothing', 10])).rows
  },

  async named(client) {
    const found = []
    for (let n = 1; n <= 12; n++) {
      const query = { name: 'of-one-id', text: 'SELECT id, day FROM types WHERE id = $1' }
      found.push((await client.query({ ...query, values: [n % 4 + 1] })).rows[0].id)
    }
    return found
  },

  async binary(client) {
    const query = { text: 'SELECT whole, big, floating, truth FROM types WHERE id = 3' }
    return (await client.query({ ...query, binary: true })).rows[0]
  },

  async arrayMode(client) {
    const query = { text: 'SELECT 1 AS a, 2 AS a, 3', rowMode: 'array' }
    return (await client.query(query)).rows
  },

  async several(client) {
    const results = await client.query("SELECT 1 AS n; SET application_name = 'x'; SELECT 'b' AS t")
    return results.map((result) => [result.command, result.rowCount, result.rows])
  },

  async empty(client) {
    return (await client.query('')).rows
  },

  async cursor(client) {
    const cursor = client.query(new Cursor(SERIES, [1000]))
    const sizes = []
    let sum = 0
    for (;;) {
      const rows = await cursor.read(300)
      if (rows.length === 0) break
      sizes.push(rows.length)
      sum += rows.reduce((total, row) => total + row.v, 0)
    }
    await cursor.close()
    return { sizes, sum }
  },

  async cursorLeftEarly(client) {
    const cursor = client.query(new Cursor(SERIES, [1000000]))
    const first = await cursor.read(3)
    await cursor.close()
    return { first, after: (await client.query('SELECT 5 AS n')).rows }
  },

  async cursorOfAnError(client) {
    const sql = 'SELECT 1 / (v - 500) FROM generate_series(1, 1000) t(v)'
    const cursor = client.query(new Cursor(sql))
    try {
      for (;;) if ((await cursor.read(100)).length === 0) return 'no error'
    } catch (error) {
      return { code: error.code, after: (await client.query('SELECT 5 AS n')).rows }
    }
  },

  async stream(client) {
    const stream = client.query(new QueryStream(SERIES, [20000], { batchSize: 500 }))
    let count = 0
    let sum = 0
    for await (const row of stream) {
      count += 1
      sum += row.v
    }
    return { count, sum }
  },

  async streamDestroyed(client) {
    const stream = client.query(new QueryStream(SERIES, [1000000]))
    for await (const row of stream) if (row.v === 10) break
    return (await client.query('SELECT 6 AS n')).rows
  },

  async transaction(client) {
    await client.query('BEGIN')
    const failure = await client.query('SELECT * FROM nowhere').catch((error) => error.code)
    const refused = await client.query('SELECT 1').catch((error) => error.code)
    const end = (await client.query('COMMIT')).command
    return { failure, refused, end, after: (await client.query('SELECT 7 AS n')).rows }
  },

  async error(client) {
    const error = await client.query('SELECT id,\n missing FROM types').catch((failure) => failure)
    const { code, message, position, severity } = error
    return { code, message, position, severity }
  },

  async timeout() {
    const client = new Client({ ...options, statement_timeout: 300, application_name: 'probe' })
    await client.connect()
    try {
      const name = (await client.query('SHOW application_name')).rows[0].application_name
      const busy = 'SELECT sum(x) FROM generate_series(1, 1000000000000) a(x)'
      const code = await client.query(busy).catch((error) => error.code)
      return { name, code, after: (await client.query('SELECT 8 AS n')).rows }
    } finally {
      await client.end()
    }
  },

  async pool() {
    const pool = new Pool({ ...options, max: 3 })
    try {
      const queries = Array.from({ length: 40 }, (_, n) =>
        pool.query('SELECT $1::int4 + count(*)::int4 AS n FROM types', [n]))
      return (await Promise.all(queries)).map((result) => result.rows[0].n)
    } finally {
      await pool.end()
    }
  },

  async introspection(client) {
    // What knex and TypeORM ask to find tables and columns.
    const tables = await client.query(
      'SELECT table_name FROM information_schema.tables ' +
      'WHERE table_schema = current_schema() AND table_catalog = $1', ['lake'])
    const columns = await client.query(
      'SELECT column_name, data_type, udt_name, is_nullable, numeric_precision, numeric_scale, ' +
      'character_maximum_length FROM information_schema.columns ' +
      'WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position', ['public', 'types'])
    return { tables: tables.rows.map((row) => row.table_name), columns: columns.rows }
  },
}

async function main() {
  for (const [name, probe] of Object.entries(probes)) {
    // A schema of the user's name, which Lakegate has and PostgreSQL not, would come first.
    const client = new Client({ ...options, options: '-c search_path=public' })
    await client.connect()
    let line
    try {
      line = { value: await probe(client) }
    } catch (error) {
      line = { error: `${error.code} ${error.message}` }
    }
    console.log(JSON.stringify({ name, ...line }))
    await client.end()
  }
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
