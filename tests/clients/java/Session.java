import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.Timer;
import java.util.TimerTask;
import java.util.UUID;
import org.postgresql.PGConnection;

/**
 * What programs do with a JDBC connection. Prints one line per part: its name and what it found, or
 * its error. Argument: the URL.
 */
public final class Session {
    private static final String SERIES =
        "SELECT v, 'row ' || v FROM generate_series(1, 1000) AS t(v) ORDER BY v";
    // Long, and small: PostgreSQL writes the rows of a function to disk before it reads them.
    private static final String BUSY = "SELECT count(*) FROM generate_series(1, 100000) a(x),"
        + " generate_series(1, 100000) b(y), generate_series(1, 1000) c(z) WHERE x + y + z = 0";
    private static final int CANCEL_AFTER_MS = 500;
    private static String url;

    private interface Part {
        Object run(Connection connection) throws Exception;
    }

    public static void main(String[] arguments) {
        url = arguments[0];
        Map<String, Part> parts = new LinkedHashMap<>();
        parts.put("fetchSize", Session::fetchSize);
        parts.put("twoPortals", Session::twoPortals);
        parts.put("binary", Session::binary);
        parts.put("text", Session::text);
        parts.put("simpleQueries", connection -> inMode("simple"));
        parts.put("extendedForPrepared", connection -> inMode("extendedForPrepared"));
        parts.put("extendedCacheEverything", connection -> inMode("extendedCacheEverything"));
        parts.put("parameters", Session::parameters);
        parts.put("parameterTypes", Session::parameterTypes);
        parts.put("resultTypes", Session::resultTypes);
        parts.put("savepoints", Session::savepoints);
        parts.put("autosave", Session::autosave);
        parts.put("readOnly", Session::readOnly);
        parts.put("isolation", Session::isolation);
        parts.put("schema", Session::schema);
        parts.put("valid", Session::valid);
        parts.put("cancel", Session::cancel);
        parts.put("queryTimeout", Session::queryTimeout);
        parts.put("maxRows", Session::maxRows);
        parts.put("batch", Session::batch);
        parts.put("several", Session::several);
        parts.put("escapes", Session::escapes);
        parts.put("call", Session::call);
        parts.put("scroll", Session::scroll);
        parts.put("holdable", Session::holdable);
        parts.put("copyOut", Session::copyOut);
        parts.put("cursorOfSql", Session::cursorOfSql);
        parts.put("arrays", Session::arrays);
        parts.put("error", Session::error);
        parts.put("clientInfo", Session::clientInfo);
        for (Map.Entry<String, Part> part : parts.entrySet()) {
            String found;
            try (Connection connection = DriverManager.getConnection(url)) {
                found = "found\t" + part.getValue().run(connection);
            } catch (Exception error) {
                found = "error\t" + error;
            }
            System.out.println(part.getKey() + "\t" + found.replace("\n", "\\n"));
        }
    }

    private static Object fetchSize(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        long sum = 0;
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT v FROM generate_series(1, 1050) AS t(v) WHERE v > ? ORDER BY v")) {
            for (int run = 0; run < 8; run++) {
                statement.setInt(1, run);
                statement.setFetchSize(100 + run);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        sum += rows.getLong(1);
                    }
                }
            }
        }
        connection.commit();
        return sum;
    }

    private static Object twoPortals(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        StringJoiner found = new StringJoiner(",");
        try (Statement one = connection.createStatement();
                Statement two = connection.createStatement()) {
            one.setFetchSize(3);
            two.setFetchSize(5);
            try (ResultSet first = one.executeQuery(SERIES);
                    ResultSet second = two.executeQuery(SERIES)) {
                for (int row = 0; row < 12; row++) {
                    first.next();
                    second.next();
                    second.next();
                    found.add(first.getString(1) + ":" + second.getString(2));
                }
            }
        }
        return found;
    }

    private static Object binary(Connection connection) throws SQLException {
        return repeated(url + "&prepareThreshold=-1");
    }

    private static Object text(Connection connection) throws SQLException {
        return repeated(url + "&binaryTransfer=false");
    }

    private static Object inMode(String mode) throws SQLException {
        return repeated(url + "&preferQueryMode=" + mode);
    }

    /** The same statement seven times: from the fifth on named, with binary results. */
    private static String repeated(String where) throws SQLException {
        StringBuilder found = new StringBuilder();
        String sql = "SELECT id, truth, small, whole, big, single, floating, money, exact, text,"
            + " day, at, instant, clock, numbers, words, bytes FROM types"
            + " WHERE id <= ? ORDER BY id";
        try (Connection connection = DriverManager.getConnection(where);
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int run = 0; run < 7; run++) {
                statement.setInt(1, 4);
                StringBuilder line = new StringBuilder();
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        for (int column = 1; column <= 17; column++) {
                            Object value = column == 17 ? Arrays.toString(rows.getBytes(column))
                                : column == 13 ? rows.getObject(column, OffsetDateTime.class)
                                : rows.getObject(column);
                            line.append(value instanceof BigDecimal
                                ? ((BigDecimal) value).toPlainString() : value).append('|');
                        }
                    }
                }
                if (run == 0) {
                    found.append(line);
                } else if (!found.toString().equals(line.toString())) {
                    found.append(" but run ").append(run).append(": ").append(line);
                }
            }
        }
        return found.toString();
    }

    private static Object parameters(Connection connection) throws SQLException {
        Object[] values = {
            1, 2L, (short) 3, 1.5, 2.5f, true, "é'", new BigDecimal("12.340"),
            LocalDate.of(2024, 2, 29), LocalTime.of(1, 2, 3), LocalDateTime.of(2024, 2, 29, 1, 2),
            OffsetDateTime.of(2024, 2, 29, 1, 2, 3, 0, ZoneOffset.ofHours(2)),
            java.sql.Date.valueOf("1999-12-31"), java.sql.Time.valueOf("01:02:03"),
            java.sql.Timestamp.valueOf("1999-12-31 01:02:03.456"),
            UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"), new byte[] {0, 1},
        };
        String[] types = {
            "int4", "int8", "int2", "float8", "float4", "bool", "text", "numeric", "date", "time",
            "timestamp", "timestamptz", "date", "time", "timestamp", "uuid", "bytea",
        };
        StringJoiner found = new StringJoiner(",");
        for (int index = 0; index < values.length; index++) {
            String sql = "SELECT ?::" + types[index];
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (int run = 0; run < 6; run++) {
                    statement.setObject(1, values[index]);
                    try (ResultSet rows = statement.executeQuery()) {
                        rows.next();
                        if (run % 5 == 0) {
                            found.add(values[index] instanceof byte[]
                                ? Arrays.toString(rows.getBytes(1)) : rows.getString(1));
                        }
                    }
                }
                statement.setNull(1, Types.NULL);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    found.add(String.valueOf(rows.getObject(1)));
                }
            } catch (SQLException error) {
                found.add(types[index] + ": " + error.getSQLState());
            }
        }
        return found;
    }

    private static Object parameterTypes(Connection connection) throws SQLException {
        String sql = "SELECT id FROM types WHERE whole > ? AND text = ? AND day = ? AND exact < ?"
            + " AND instant > ? LIMIT ?";
        StringJoiner found = new StringJoiner(",");
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            ParameterMetaData shape = statement.getParameterMetaData();
            for (int index = 1; index <= shape.getParameterCount(); index++) {
                found.add(shape.getParameterTypeName(index));
            }
            ResultSetMetaData columns = statement.getMetaData();
            found.add(columns.getColumnName(1) + " " + columns.getColumnTypeName(1));
        }
        return found;
    }

    private static Object resultTypes(Connection connection) throws SQLException {
        StringJoiner found = new StringJoiner(",");
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT * FROM types WHERE false")) {
            ResultSetMetaData shape = rows.getMetaData();
            for (int column = 1; column <= shape.getColumnCount(); column++) {
                found.add(shape.getColumnLabel(column) + " " + shape.getColumnTypeName(column)
                    + " " + shape.getColumnType(column) + " " + shape.getPrecision(column)
                    + " " + shape.getScale(column) + " " + shape.getColumnClassName(column));
            }
        }
        return found;
    }

    private static Object savepoints(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        StringJoiner found = new StringJoiner(",");
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL application_name = 'before'");
            Savepoint named = connection.setSavepoint("a name");
            Savepoint unnamed = connection.setSavepoint();
            found.add(named.getSavepointName()).add(String.valueOf(unnamed.getSavepointId() >= 0));
            statement.execute("SET LOCAL application_name = 'inner'");
            found.add(failure(statement, "SELECT 1 / 0"));
            found.add(failure(statement, "SELECT 1"));
            connection.rollback(unnamed);
            found.add(one(statement, "SHOW application_name"));
            connection.releaseSavepoint(named);
            found.add(one(statement, "SELECT 'after'"));
        }
        connection.commit();
        return found;
    }

    private static Object autosave(Connection unused) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url + "&autosave=always")) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                String before = one(statement, "SELECT 'one'");
                String failure = failure(statement, "SELECT * FROM nowhere");
                return before + "," + failure + "," + one(statement, "SELECT 'still usable'");
            }
        }
    }

    private static Object readOnly(Connection connection) throws SQLException {
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            String shown = one(statement, "SHOW transaction_read_only");
            connection.commit();
            connection.setReadOnly(false);
            connection.setAutoCommit(true);
            connection.setReadOnly(true);
            return shown + "," + connection.isReadOnly() + ","
                + one(statement, "SHOW default_transaction_read_only");
        }
    }

    private static Object isolation(Connection connection) throws SQLException {
        StringJoiner found = new StringJoiner(",");
        for (int level : new int[] {1, 2, 4, 8}) {
            connection.setTransactionIsolation(level);
            found.add(String.valueOf(connection.getTransactionIsolation() == level));
        }
        return found;
    }

    private static Object schema(Connection connection) throws SQLException {
        connection.setSchema("pg_catalog");
        String other = connection.getSchema();
        connection.setSchema("public");
        return other + "," + connection.getSchema() + "," + connection.getCatalog();
    }

    private static Object valid(Connection connection) throws SQLException {
        boolean before = connection.isValid(5);
        connection.setAutoCommit(false);
        boolean inside = connection.isValid(5);
        connection.close();
        return before + "," + inside + "," + connection.isValid(5);
    }

    private static Object cancel(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            // Once only: pgjdbc forgets a cancel that overtook its query, and every later one.
            one(statement, "SELECT 1");
            Timer timer = new Timer();
            timer.schedule(new TimerTask() {
                @Override
                public void run() {
                    try {
                        statement.cancel();
                    } catch (SQLException error) {
                        throw new IllegalStateException(error);
                    }
                }
            }, CANCEL_AFTER_MS);
            String state = failure(statement, BUSY);
            timer.cancel();
            return state;
        }
    }

    private static Object queryTimeout(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            String state = failure(statement, BUSY);
            return state + "," + one(statement, "SELECT 'after'");
        }
    }

    private static Object maxRows(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setMaxRows(7);
            int count = 0;
            try (ResultSet rows = statement.executeQuery(SERIES)) {
                while (rows.next()) {
                    count++;
                }
            }
            return count;
        }
    }

    private static Object batch(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.addBatch("SET application_name = 'a'");
            statement.addBatch("SET application_name = 'b'");
            return statement.executeBatch().length + ","
                + one(statement, "SHOW application_name");
        }
    }

    private static Object several(Connection connection) throws SQLException {
        StringJoiner found = new StringJoiner(",");
        try (Statement statement = connection.createStatement()) {
            boolean rows = statement.execute("SELECT 1; SET jit = off; SELECT 'x', 2");
            while (rows || statement.getUpdateCount() != -1) {
                if (rows) {
                    try (ResultSet result = statement.getResultSet()) {
                        result.next();
                        found.add(result.getString(1));
                    }
                } else {
                    found.add("updated " + statement.getUpdateCount());
                }
                rows = statement.getMoreResults();
            }
        }
        return found;
    }

    private static Object escapes(Connection connection) throws SQLException {
        StringJoiner found = new StringJoiner(",");
        String[] texts = {
            "{d '2024-02-29'}", "{t '01:02:03'}", "{ts '2024-02-29 01:02:03'}",
            "{fn concat('a', 'b')}", "{fn lcase('A')}", "{fn length('abc')}",
            "{fn year({d '2024-02-29'})}", "{fn dayofweek({d '2024-02-29'})}",
            "{fn locate('b', 'abc')}", "{fn mod(7, 3)}", "{fn round(1.2345, 2)}",
            "{fn ifnull(NULL, 5)}", "{fn user()}", "{fn database()}", "{fn left('abc', 2)}",
            "{fn timestampadd(SQL_TSI_DAY, 1, {ts '2024-02-29 01:02:03'})}",
            "{fn truncate(1.29, 1)}", "{fn power(2, 3)}", "{fn quarter({d '2024-05-01'})}",
        };
        try (Statement statement = connection.createStatement()) {
            for (String text : texts) {
                String shown;
                try {
                    shown = one(statement, "SELECT " + text);
                } catch (SQLException error) {
                    shown = text + " failed: " + error.getSQLState();
                }
                found.add(shown);
            }
            found.add(one(statement, "SELECT id FROM {oj types LEFT JOIN (SELECT 1 AS k) u"
                + " ON types.id = u.k} WHERE text LIKE '\\\\%' {escape '\\'} OR id = 1"));
        }
        return found;
    }

    private static Object call(Connection connection) throws SQLException {
        try (CallableStatement statement = connection.prepareCall("{? = call upper(?)}")) {
            statement.registerOutParameter(1, Types.VARCHAR);
            statement.setString(2, "abc");
            statement.execute();
            return statement.getString(1);
        }
    }

    private static Object scroll(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement(
                ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
                ResultSet rows = statement.executeQuery(SERIES)) {
            rows.last();
            int last = rows.getRow();
            rows.absolute(10);
            rows.previous();
            return last + "," + rows.getInt(1);
        }
    }

    private static Object holdable(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement(ResultSet.TYPE_FORWARD_ONLY,
                ResultSet.CONCUR_READ_ONLY, ResultSet.HOLD_CURSORS_OVER_COMMIT);
                ResultSet rows = statement.executeQuery(SERIES)) {
            rows.next();
            connection.commit();
            int count = 1;
            while (rows.next()) {
                count++;
            }
            return count;
        }
    }

    private static Object copyOut(Connection connection) throws Exception {
        StringWriter target = new StringWriter();
        long count = connection.unwrap(PGConnection.class).getCopyAPI().copyOut(
            "COPY (SELECT id, day FROM types ORDER BY id) TO STDOUT (FORMAT csv)", target);
        return count + ":" + target;
    }

    private static Object cursorOfSql(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("DECLARE c SCROLL CURSOR FOR " + SERIES);
            String first = one(statement, "FETCH 2 FROM c");
            String later = one(statement, "FETCH ABSOLUTE 500 FROM c");
            statement.execute("CLOSE c");
            return first + "," + later;
        }
    }

    private static Object arrays(Connection connection) throws SQLException {
        StringJoiner found = new StringJoiner(",");
        String sql = "SELECT id, ?::int8[], ?::text[] FROM types WHERE id = ANY (?) ORDER BY id";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int run = 0; run < 6; run++) {
                statement.setArray(1, connection.createArrayOf("int8", new Object[] {1L, null}));
                Object[] texts = {"a,\"", null};
                statement.setArray(2, connection.createArrayOf("text", texts));
                statement.setArray(3, connection.createArrayOf("int4", new Object[] {1, 3}));
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        Array numbers = rows.getArray(2);
                        Object[] words = (Object[]) rows.getArray(3).getArray();
                        if (run % 5 == 0) {
                            found.add(rows.getInt(1) + " " + numbers + " " + words[0] + words[1]
                                + " " + numbers.getBaseTypeName());
                        }
                    }
                }
            }
        }
        return found;
    }

    private static Object error(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT id FROM nowhere");
            return "no error";
        } catch (org.postgresql.util.PSQLException error) {
            org.postgresql.util.ServerErrorMessage server = error.getServerErrorMessage();
            return error.getSQLState() + "," + server.getMessage() + "," + server.getPosition()
                + "," + server.getSeverity();
        }
    }

    private static Object clientInfo(Connection connection) throws SQLException {
        connection.setClientInfo("ApplicationName", "of the probe");
        PGConnection own = connection.unwrap(PGConnection.class);
        try (Statement statement = connection.createStatement()) {
            return one(statement, "SHOW application_name") + ","
                + connection.getClientInfo("ApplicationName") + ","
                + own.getParameterStatus("application_name") + ","
                + own.getParameterStatuses().keySet();
        }
    }

    private static String failure(Statement statement, String sql) {
        try {
            statement.executeQuery(sql).close();
            return "no error";
        } catch (SQLException error) {
            return error.getSQLState();
        }
    }

    private static String one(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
