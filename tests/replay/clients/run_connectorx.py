"""connectorx: binary and CSV COPY, cursors, the simple protocol, partitions."""

import sys

import connectorx

URL = f"postgresql://lakegate@127.0.0.1:{sys.argv[1]}/lake"
QUERIES = [
    "SELECT id, name, email, born, active, score, created_at, updated_at FROM shop.customers "
    "ORDER BY id",
    "SELECT id, sku, title, price, weight, sizes, picture, stock FROM shop.products ORDER BY id",
    "SELECT * FROM shop.orders ORDER BY id",
    "SELECT * FROM shop.order_lines ORDER BY order_id, line",
    "SELECT * FROM gold.daily_sales ORDER BY day",
    "SELECT * FROM gold.order_totals ORDER BY 1",
    "SELECT count(*) AS n FROM shop.orders WHERE status = 'paid'",
    "SELECT nothing FROM shop.orders",
]


def attempt(query, **options):
    try:
        connectorx.read_sql(query=query, return_type="arrow", **options)
    except BaseException as error:  # a Rust panic is no Exception
        print(str(error)[:150], file=sys.stderr)


for protocol in ("binary", "csv", "cursor", "simple"):
    for query in QUERIES:
        attempt(query, conn=URL, protocol=protocol)
    for query in QUERIES[2:4]:
        column = "order_id" if "lines" in query else "id"
        attempt(query.split(" ORDER")[0], conn=URL, protocol=protocol, partition_on=column,
                partition_num=2)
try:
    connectorx.get_meta(URL, QUERIES[2])
except BaseException as error:
    print(str(error)[:150], file=sys.stderr)
