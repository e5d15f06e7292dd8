"""A wide table, as trackers write them: 105 columns, queries that touch few of them.

    wide.py [--scale 1] [--rounds 5] [--format delta|iceberg] [--deleted] [--answers] [--write]

One million rows at scale 1, in four files, made from a fixed seed. The queries are the mix of such tables: first
rows by LIKE, point lookups, distinct counts, small groups, and two that read all columns of few rows.
Engines and method: `engines.py`; Delta, Iceberg and deletes: `tables.py`.
"""

import datetime
import random

import engines
import tables

ROWS, FILES, SEED = 1_000_000, 4, 11
PLAIN_COLUMNS = 93
WORDS = ["google", "news", "shop", "mail", "maps", "video", "forum", "wiki", "games", "music", "auto", "travel"]
FIRST_DAY = datetime.date(2024, 7, 1)


def values(number, count):
    """The columns of one file: twelve with a meaning, and many small numbers, most of them zero."""
    import pyarrow as pa

    rng = random.Random(SEED + number)
    first = number * count
    days = [FIRST_DAY + datetime.timedelta(days=(first + i) * 31 // (count * FILES)) for i in range(count)]
    texts = [f"{rng.choice(WORDS)} {rng.choice(WORDS)} {rng.randrange(500)}" for _ in range(2000)]
    phrases = [rng.choice(texts) if rng.random() < 0.2 else "" for _ in range(count)]
    urls = [f"http://{rng.choice(WORDS)}.example/{rng.choice(WORDS)}/{int(rng.paretovariate(0.7)) % 100_000}" for _ in range(count)]
    users = [int(rng.paretovariate(0.5)) % 200_000 for _ in range(count)]
    seconds = [rng.randrange(86_400) for _ in range(count)]
    columns = {
        "watch_id": pa.array([(first + i) * 7919 + 13 for i in range(count)], pa.int64()),
        "event_date": pa.array(days, pa.date32()),
        "event_time": pa.array(
            [datetime.datetime.combine(d, datetime.time()) + datetime.timedelta(seconds=s) for d, s in zip(days, seconds)],
            pa.timestamp("us"),
        ),
        "user_id": pa.array(users, pa.int64()),
        "counter_id": pa.array([u % 60 for u in users], pa.int32()),
        "region_id": pa.array([u % 230 for u in users], pa.int32()),
        "url": pa.array(urls),
        "title": pa.array([f"{url[7:20]} - {phrase}" for url, phrase in zip(urls, phrases)]),
        "search_phrase": pa.array(phrases),
        "referer": pa.array(["" if rng.random() < 0.5 else rng.choice(urls) for _ in range(count)]),
        "width": pa.array([rng.choice([0, 1024, 1280, 1366, 1920]) for _ in range(count)], pa.int32()),
        "mobile_model": pa.array([rng.choice(["", "", "", "m1", "m2", "m3"]) for _ in range(count)]),
    }
    few = [rng.randrange(40) for _ in range(10_000)]
    for index in range(PLAIN_COLUMNS):
        cut = 5 + index % 30
        part = [value if value < cut else 0 for value in few]
        columns[f"c{index:02}"] = pa.array((part * (count // len(part) + 1))[index: index + count], pa.int32())
    return pa.table(columns)


def data_directory(scale):
    import pyarrow.parquet as pq

    directory = engines.data_base() / f"wide-{scale:g}"

    def write(folder):
        count = int(ROWS * scale) // FILES
        for number in range(FILES):
            pq.write_table(values(number, count), folder / f"hits.{number}.parquet", row_group_size=128_000, compression="zstd")

    tables.once(directory / "hits", write)
    return directory


def queries(scale):
    last = int(ROWS * scale) - 1
    watch = last // 3 * 7919 + 13
    return {
        "count": "SELECT count(*) FROM hits",
        "count where": "SELECT count(*) FROM hits WHERE c07 <> 0",
        "sums": "SELECT sum(c03), count(*), avg(width) FROM hits",
        "distinct users": "SELECT count(DISTINCT user_id) FROM hits",
        "distinct phrases": "SELECT count(DISTINCT search_phrase) FROM hits",
        "first and last day": "SELECT min(event_date), max(event_date) FROM hits",
        "users by region": (
            "SELECT region_id, count(DISTINCT user_id) AS u FROM hits GROUP BY region_id ORDER BY u DESC, region_id LIMIT 10"
        ),
        "top phrases": (
            "SELECT search_phrase, count(*) AS n FROM hits WHERE search_phrase <> '' "
            "GROUP BY search_phrase ORDER BY n DESC, search_phrase LIMIT 10"
        ),
        "top users and phrases": (
            "SELECT user_id, search_phrase, count(*) AS n FROM hits GROUP BY user_id, search_phrase "
            "ORDER BY n DESC, user_id, search_phrase LIMIT 10"
        ),
        "count like": "SELECT count(*) FROM hits WHERE url LIKE '%google%'",
        "top like": (
            "SELECT search_phrase, min(url), count(*) AS n FROM hits WHERE url LIKE '%google%' AND search_phrase <> '' "
            "GROUP BY search_phrase ORDER BY n DESC, search_phrase LIMIT 10"
        ),
        "first rows like": (
            "SELECT watch_id, event_time, url, title FROM hits WHERE title LIKE '%maps%' ORDER BY event_time, watch_id LIMIT 10"
        ),
        "all columns, first rows like": "SELECT * FROM hits WHERE url LIKE '%wiki%' ORDER BY event_time, watch_id LIMIT 10",
        "first phrases": "SELECT search_phrase FROM hits WHERE search_phrase <> '' ORDER BY event_time, watch_id LIMIT 10",
        "point": f"SELECT user_id, url FROM hits WHERE watch_id = {watch}",
        "point, all columns": f"SELECT * FROM hits WHERE watch_id = {watch}",
        "one user": "SELECT watch_id FROM hits WHERE user_id = 4357",
        "one day": (
            "SELECT url, count(*) AS n FROM hits WHERE event_date = DATE '2024-07-15' AND counter_id = 7 "
            "GROUP BY url ORDER BY n DESC, url LIMIT 10"
        ),
        "by minute": (
            "SELECT date_trunc('minute', event_time) AS m, count(*) FROM hits WHERE event_date BETWEEN DATE '2024-07-14' "
            "AND DATE '2024-07-15' AND counter_id = 11 GROUP BY 1 ORDER BY m LIMIT 10 OFFSET 20"
        ),
        "many sums": f"SELECT {', '.join(f'sum(width + {i}) AS s{i}' for i in range(40))} FROM hits",
    }


def main():
    arguments = engines.options(__doc__.split("\n\n")[0]).parse_args()
    directory = data_directory(arguments.scale)
    lake, parquet = tables.made(directory, ["hits"], arguments.format, {"hits"} if arguments.deleted else set())
    suite = engines.Suite(lake, parquet, queries(arguments.scale))
    words = engines.variant(arguments)
    what = " ".join([f"{int(ROWS * arguments.scale)} rows, 105 columns, {FILES} files", *(f"({word})" for word in words)])
    engines.run(suite, arguments, "-".join(["wide", *words]), " ".join(["A wide table,", *words]), what)


if __name__ == "__main__":
    main()
