"""What ADBC's cursors do not offer and its drivers do, the same in each driver."""

import pyarrow as pa


def run_batch(cursor, query, parameters):
    """The rows of a statement prepared once and run for each row of the parameters."""
    statement = cursor.adbc_statement
    statement.set_sql_query(query)
    statement.prepare()
    statement.bind(pa.record_batch(parameters))
    stream, _ = statement.execute_query()
    return pa.RecordBatchReader._import_from_c_capsule(stream.__arrow_c_stream__()).read_all()
