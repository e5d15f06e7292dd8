"""The cards of the dashboard: what Superset is told to draw, what it asks, and DuckDB's answer.

The first ten are the dashboard of workload 1 (its text says nine and names ten). The others are kinds
of charts, and shapes of SQL, that the workload does not have: a filter on a range of time, a time grain
over timestamps, rows unaggregated, a top ten, a pivot, a heat map.

Answers are SQL over the tables that `expected.py` makes in DuckDB: the landing files themselves, and what
tests/answers computes from them.
"""

import dataclasses

SEX_FILTER = {"col": "sexo", "op": "IN", "val": ["F"]}
ROWS_MAX = 10_000


@dataclasses.dataclass(frozen=True)
class Card:
    title: str
    kind: str
    table: str
    # The labels of the result that are compared, in the order of the answer's columns.
    columns: tuple
    answer: str
    # What the chart's editor would have saved, and the query that follows from it.
    form: dict
    query: dict
    width: int = 4
    height: int = 44
    # The order of rows is part of the answer.
    ordered: bool = False
    # The answer when the dashboard's filter says women only.
    answer_for_women: str | None = None


def metric(label, sql):
    return {
        "expressionType": "SQL", "sqlExpression": sql, "label": label,
        "hasCustomLabel": True, "optionName": f"metric_{label}",
    }


def column(label, sql):
    """An expression where Superset usually has a column."""
    return {"expressionType": "SQL", "sqlExpression": sql, "label": label}


def base_axis(x, grain):
    """The x axis as Superset's own page sends it: a time grain belongs to the column."""
    if isinstance(x, str):
        x = {**column(x, x), "isColumnReference": True}
    grained = {"timeGrain": grain} if grain else {}
    return {**x, **grained, "columnType": "BASE_AXIS"}


def time_range(name, start, end):
    """The same range as a saved filter and as part of a query."""
    span = f"{start} : {end}"
    saved = {
        "clause": "WHERE", "expressionType": "SIMPLE", "subject": name,
        "operator": "TEMPORAL_RANGE", "comparator": span,
    }
    return saved, {"col": name, "op": "TEMPORAL_RANGE", "val": span}


TOTAL = metric("total", "COUNT(*)")
BARS, LINE, AREA = "echarts_timeseries_bar", "echarts_timeseries_line", "echarts_area"


def number(title, table, answer, answer_for_women=None):
    form = {"metric": TOTAL, "y_axis_format": ",d", "header_font_size": 0.4}
    return Card(
        title, "big_number_total", table, ("total",), answer, form, {"metrics": [TOTAL]},
        height=18, answer_for_women=answer_for_women,
    )


def series(title, kind, table, x, answer, *, what=TOTAL, grain=None, span=None, **card):
    """Bars, lines and areas over an x axis. A grain makes it an axis of time."""
    saved, asked = span or (None, None)
    form = {
        "x_axis": x, "metrics": [what], "groupby": [], "row_limit": ROWS_MAX,
        "order_desc": True, "show_legend": False, "rich_tooltip": True,
        "x_axis_sort_asc": True, "x_axis_sort": label_of(x), "truncate_metric": True,
        "adhoc_filters": [saved] if saved else [],
        # Months and bands are numbers, and still one bar each.
        "xAxisForceCategorical": grain is None,
        **({"time_grain_sqla": grain} if grain else {}),
    }
    query = {
        "columns": [base_axis(x, grain)], "metrics": [what],
        "orderby": [[what, False]], "filters": [asked] if asked else [],
        "extras": {"time_grain_sqla": grain} if grain else {},
    }
    columns = (label_of(x), what["label"])
    return Card(title, kind, table, columns, answer, form, query, **card)


def label_of(x):
    return x if isinstance(x, str) else x["label"]


def parts(title, kind, table, by, answer, answer_for_women=None, **form):
    """Shares of a whole: pies and tree maps."""
    form = {
        "groupby": [by], "metric": TOTAL, "row_limit": 100, "sort_by_metric": True,
        "label_type": "key_value", "show_labels": True, **form,
    }
    query = {"columns": [by], "metrics": [TOTAL], "orderby": [[TOTAL, False]]}
    return Card(
        title, kind, table, (by, "total"), answer, form, query, answer_for_women=answer_for_women
    )


def best_items():
    """A top ten: the order and the limit are the server's."""
    revenue = metric("receita", "SUM(price * quantity)")
    units = metric("unidades", "SUM(quantity)")
    bought = {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": "bought"}
    form = {
        "query_mode": "aggregate", "groupby": ["item_id", "item_category"],
        "metrics": [revenue, units], "timeseries_limit_metric": revenue, "order_desc": True,
        "row_limit": 10, "adhoc_filters": [bought],
    }
    query = {
        "columns": ["item_id", "item_category"], "metrics": [revenue, units],
        "orderby": [[revenue, False]], "row_limit": 10, "extras": {"where": "bought"},
    }
    answer = (
        "SELECT item_id, item_category, sum(price * quantity) AS receita, sum(quantity) "
        "FROM retail.visits WHERE bought GROUP BY ALL ORDER BY receita DESC LIMIT 10"
    )
    columns = ("item_id", "item_category", "receita", "unidades")
    return Card(
        "Ten items by revenue", "table", "retail.visits", columns, answer, form, query, width=5,
        ordered=True,
    )


def born_in_the_nineties():
    """Rows as they are, ordered by two columns, within a range of dates."""
    saved, asked = time_range("nascimento", "1990-01-01", "2000-01-01")
    columns = ("id", "nome", "sexo", "nascimento", "profissao")
    order = [["nascimento", False], ["id", True]]
    form = {
        "query_mode": "raw", "all_columns": list(columns), "row_limit": 50,
        "order_by_cols": ['["nascimento", false]', '["id", true]'], "adhoc_filters": [saved],
        "table_timestamp_format": "%Y-%m-%d",
    }
    query = {
        "columns": list(columns), "metrics": [], "orderby": order, "row_limit": 50,
        "filters": [asked],
    }
    answer = (
        "SELECT id, nome, sexo, nascimento, profissao FROM landing.customers "
        "WHERE nascimento >= DATE '1990-01-01' AND nascimento < DATE '2000-01-01' {women}"
        "ORDER BY nascimento DESC, id LIMIT 50"
    )
    return Card(
        "Born in the nineties, youngest first", "table", "silver.customers", columns,
        answer.format(women=""), form, query, width=6, ordered=True,
        answer_for_women=answer.format(women="AND sexo = 'F' "),
    )


def score_pivot():
    people = metric("pessoas", "COUNT(DISTINCT id)")
    mean = metric("media", "AVG(pontuacao)")
    rows, across = ["categoria_idade"], ["categoria_credito"]
    form = {
        "groupbyRows": rows, "groupbyColumns": across, "metrics": [people, mean],
        "metricsLayout": "COLUMNS", "aggregateFunction": "Sum", "row_limit": ROWS_MAX,
        "rowOrder": "key_a_to_z", "colOrder": "key_a_to_z", "valueFormat": "SMART_NUMBER",
    }
    query = {"columns": rows + across, "metrics": [people, mean], "orderby": [[people, False]]}
    answer = (
        "SELECT categoria_idade, categoria_credito, count(DISTINCT id), avg(pontuacao) "
        "FROM gold.customers_credit {women} GROUP BY ALL"
    )
    return Card(
        "Age and credit", "pivot_table_v2", "gold.customers_credit",
        ("categoria_idade", "categoria_credito", "pessoas", "media"), answer.format(women=""),
        form, query, width=7, answer_for_women=answer.format(women="WHERE sexo = 'F'"),
    )


def visits_heat_map():
    hour = column("hora", "SUBSTRING(visit_time, 1, 2)")
    visits = metric("visitas", "COUNT(*)")
    form = {
        "x_axis": hour, "groupby": "item_category", "metric": visits, "row_limit": ROWS_MAX,
        "sort_x_axis": "alpha_asc", "sort_y_axis": "alpha_asc", "normalize_across": "heatmap",
        "legend_type": "continuous", "linear_color_scheme": "superset_seq_1",
        "show_legend": True, "show_percentage": True, "left_margin": 100,
        "bottom_margin": "auto", "value_bounds": [None, None], "xscale_interval": -1,
        "yscale_interval": -1, "y_axis_format": "SMART_NUMBER",
    }
    query = {
        "columns": [base_axis(hour, None), "item_category"], "metrics": [visits],
        "orderby": [["hora", True], ["item_category", True]],
    }
    answer = (
        "SELECT substring(visit_time, 1, 2), item_category, count(*) FROM retail.visits GROUP BY ALL"
    )
    return Card(
        "Visits by hour and category", "heatmap_v2", "retail.visits",
        ("hora", "item_category", "visitas"), answer, form, query, width=6,
    )


def workload():
    """The dashboard of workload 1, in its order."""
    answered = "SELECT * FROM dashboard.{}".format
    women = "FROM landing.customers WHERE sexo = 'F' GROUP BY ALL"
    return [
        number("Customers", "silver.customers", answered("total_customers"),
               "SELECT count(*) FROM landing.customers WHERE sexo = 'F'"),
        number("Credit scores", "silver.credit_score", answered("total_credit_scores")),
        number("Musical tastes", "silver.music", answered("total_music")),
        series("Customers by month of birth", BARS, "silver.customers",
               column("mes", "EXTRACT(MONTH FROM nascimento)"),
               answered("customers_by_birth_month"),
               answer_for_women=f"SELECT month(nascimento), count(*) {women}"),
        parts("Music by geek", "pie", "silver.music", "geek", answered("music_by_geek")),
        series("Credit scores by category", BARS, "silver.credit_score", "categoria_credito",
               answered("credit_by_category")),
        parts("Customers by category of age", "treemap_v2", "silver.customers", "categoria_idade",
              answered("customers_by_age_category")),
        parts("Customers by sex", "pie", "silver.customers", "sexo", answered("customers_by_sex"),
              "SELECT 'F', count(*) FROM landing.customers WHERE sexo = 'F'", donut=True),
        series("Customers by age, in bands of 12.5 years", BARS, "silver.customers",
               column("faixa", "FLOOR(idade / 12.5) * 12.5"), answered("customers_by_age_bin")),
        series("Customers by year of birth", LINE, "silver.customers", "nascimento",
               "SELECT make_date(ano, 1, 1), total FROM dashboard.customers_by_birth_year",
               grain="P1Y", width=6,
               answer_for_women=f"SELECT date_trunc('year', nascimento), count(*) {women}"),
    ]


def other_kinds():
    may = time_range("dt_update", "2026-05-01T00:00:00", "2026-06-01T00:00:00")
    revenue = metric("receita", "SUM(revenue)")
    return [
        series("Revenue by week", BARS, "gold.analytics_daily", "visit_date",
               "SELECT date_trunc('week', visit_date), sum(revenue) "
               "FROM gold.analytics_daily GROUP BY ALL",
               what=revenue, grain="P1W", width=6),
        best_items(),
        score_pivot(),
        visits_heat_map(),
        born_in_the_nineties(),
        series("Scores landed in May, by hour", AREA, "landing.credit_score", "dt_update",
               "SELECT date_trunc('hour', dt_update), count(*) FROM landing.credit_score "
               "WHERE dt_update >= '2026-05-01' AND dt_update < '2026-06-01' GROUP BY ALL",
               grain="PT1H", span=may, width=12),
    ]


CARDS = [*workload(), *other_kinds()]
