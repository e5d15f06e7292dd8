import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.sql.*;
import java.util.*;

/** All of pgjdbc's metadata calls, and how tools read with it. What fails is said and left. */
public class JdbcProbe {
    static String url;

    interface Action {
        void run() throws Exception;
    }

    static void attempt(String name, Action action) {
        try {
            action.run();
        } catch (Exception error) {
            Throwable cause = error.getCause() == null ? error : error.getCause();
            System.err.println(name + ": " + cause.getMessage());
        }
    }

    static void read(ResultSet rows) throws SQLException {
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            for (int i = 1; i <= columns; i++) {
                rows.getObject(i);
            }
        }
        rows.close();
    }

    static void query(Statement statement, String sql) {
        attempt(sql, () -> read(statement.executeQuery(sql)));
    }

    public static void main(String[] arguments) throws Exception {
        url = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/lake?user=lakegate";
        Class.forName("org.postgresql.Driver");
        try (Connection connection = DriverManager.getConnection(url)) {
            withoutArguments(connection.getMetaData());
            named(connection.getMetaData());
            connectionCalls(connection);
        }
        attempt("readings", JdbcProbe::readings);
        attempt("types", JdbcProbe::types);
        attempt("cursors", JdbcProbe::cursors);
        attempt("transactions", JdbcProbe::transactions);
        attempt("cancel", JdbcProbe::cancel);
        for (String mode : List.of("simple", "extendedForPrepared", "extendedCacheEverything")) {
            attempt(mode, () -> mode(mode));
        }
        attempt("options", JdbcProbe::options);
    }

    /** Every getX, supportsX, … that needs nothing: some of them ask the server. */
    static void withoutArguments(DatabaseMetaData data) {
        Method[] methods = DatabaseMetaData.class.getMethods();
        Arrays.sort(methods, Comparator.comparing(Method::getName));
        for (Method method : methods) {
            if (method.getParameterCount() == 0) {
                attempt(method.getName(), () -> {
                    Object result = method.invoke(data);
                    if (result instanceof ResultSet rows) {
                        read(rows);
                    }
                });
            }
        }
    }

    static void named(DatabaseMetaData data) {
        String[][] tables = {{"shop", "customers"}, {"shop", "order_lines"}, {"shop", "orders"},
            {"gold", "daily_sales"}, {"gold", "order_totals"}, {"shop", "nothing"}};
        attempt("getSchemas", () -> read(data.getSchemas(null, "sh%")));
        attempt("getSchemas", () -> read(data.getSchemas("lake", null)));
        String[][] types = {null, {"TABLE"}, {"VIEW"}, {"TABLE", "VIEW", "MATERIALIZED VIEW",
            "FOREIGN TABLE", "PARTITIONED TABLE"}, {"SYSTEM TABLE", "SYSTEM VIEW"}, {"INDEX"},
            {"SEQUENCE"}, {"TYPE"}};
        for (String[] kinds : types) {
            attempt("getTables", () -> read(data.getTables(null, null, "%", kinds)));
            attempt("getTables", () -> read(data.getTables("lake", "shop", "%", kinds)));
        }
        attempt("getTables", () -> read(data.getTables(null, "sh_p", "orders", null)));
        attempt("getColumns", () -> read(data.getColumns(null, "shop", "%", "%")));
        attempt("getColumns", () -> read(data.getColumns(null, null, "%", "%")));
        attempt("getColumns", () -> read(data.getColumns(null, "pg_catalog", "pg_class", null)));
        for (String[] table : tables) {
            String schema = table[0];
            String name = table[1];
            attempt("columns", () -> read(data.getColumns("lake", schema, name, null)));
            attempt("keys", () -> read(data.getPrimaryKeys(null, schema, name)));
            attempt("imported", () -> read(data.getImportedKeys(null, schema, name)));
            attempt("exported", () -> read(data.getExportedKeys(null, schema, name)));
            attempt("index", () -> read(data.getIndexInfo(null, schema, name, false, true)));
            attempt("unique", () -> read(data.getIndexInfo(null, schema, name, true, false)));
            attempt("best", () -> read(data.getBestRowIdentifier(null, schema, name, 1, true)));
            attempt("version", () -> read(data.getVersionColumns(null, schema, name)));
            attempt("privileges", () -> read(data.getTablePrivileges(null, schema, name)));
            attempt("column", () -> read(data.getColumnPrivileges(null, schema, name, "%")));
            attempt("pseudo", () -> read(data.getPseudoColumns(null, schema, name, "%")));
            attempt("super", () -> read(data.getSuperTables(null, schema, name)));
        }
        attempt("imported", () -> read(data.getImportedKeys(null, null, null)));
        attempt("cross", () -> read(
            data.getCrossReference(null, "shop", "customers", null, "shop", "orders")));
        attempt("cross", () -> read(
            data.getCrossReference(null, "shop", "products", null, "shop", "order_lines")));
        attempt("procedures", () -> read(data.getProcedures(null, "shop", "%")));
        attempt("procedures", () -> read(data.getProcedures(null, null, "%")));
        attempt("columns", () -> read(data.getProcedureColumns(null, "shop", "%", "%")));
        attempt("functions", () -> read(data.getFunctions(null, "shop", "%")));
        attempt("functions", () -> read(data.getFunctions(null, "pg_catalog", "date_trunc")));
        attempt("columns", () -> read(data.getFunctionColumns(null, "shop", "%", "%")));
        attempt("columns", () -> read(
            data.getFunctionColumns(null, "pg_catalog", "date_trunc", "%")));
        attempt("types", () -> read(data.getUDTs(null, null, "%", null)));
        attempt("types", () -> read(data.getUDTs(null, "shop", "%", new int[] {Types.STRUCT})));
        attempt("super types", () -> read(data.getSuperTypes(null, "shop", "%")));
        attempt("attributes", () -> read(data.getAttributes(null, "shop", "%", "%")));
        attempt("convert", () -> data.supportsConvert(Types.INTEGER, Types.VARCHAR));
    }

    static void connectionCalls(Connection connection) throws Exception {
        attempt("isValid", () -> connection.isValid(5));
        attempt("catalog", connection::getCatalog);
        attempt("schema", connection::getSchema);
        attempt("schema", () -> connection.setSchema("shop"));
        attempt("schema", connection::getSchema);
        try (Statement statement = connection.createStatement()) {
            query(statement, "SELECT count(*) FROM customers");
        }
        attempt("schema", () -> connection.setSchema("public"));
        attempt("isolation", connection::getTransactionIsolation);
        for (int level : new int[] {1, 2, 4, 8}) {
            attempt("isolation", () -> connection.setTransactionIsolation(level));
            attempt("isolation", connection::getTransactionIsolation);
        }
        attempt("name", () -> connection.setClientInfo("ApplicationName", "replay"));
        attempt("name", () -> connection.getClientInfo());
        attempt("read only", () -> connection.setReadOnly(true));
        attempt("read only", () -> connection.setReadOnly(false));
        attempt("holdability", connection::getHoldability);
        attempt("warnings", connection::getWarnings);
        attempt("types", () -> connection.getTypeMap());
        attempt("array", () -> connection.createArrayOf("text", new String[] {"a"}));
        attempt("array", () -> connection.createArrayOf("int4", new Integer[] {1}));
        attempt("network", () -> connection.setNetworkTimeout(null, 5000));
    }

    static void readings() throws Exception {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            for (String table : List.of("shop.customers", "shop.products", "shop.orders",
                    "shop.order_lines", "gold.daily_sales", "gold.order_totals")) {
                query(statement, "SELECT * FROM " + table + " ORDER BY 1, 2");
            }
            query(statement, "SELECT 1 AS a, 2 AS a, 'x', NULL");
            query(statement, "SELECT '{1,2}'::int[], ARRAY['a', 'b'], '{}'::text[]");
            query(statement, "SELECT nothing FROM shop.orders");
            query(statement, "SELECT * FROM shop.nothing");
            query(statement, "SELEC 1");
            query(statement, "SELECT 1 / 0");
            query(statement, "SELECT 1; SELECT 2");
            query(statement, "{call pg_catalog.version()}");
            query(statement, "SELECT {fn now()} IS NOT NULL, {d '2026-01-31'}, {fn ucase('x')}");
            statement.setMaxRows(3);
            query(statement, "SELECT id FROM shop.orders ORDER BY id");
            ResultSetMetaData meta = statement.executeQuery(
                "SELECT id, total, note FROM shop.orders ORDER BY id").getMetaData();
            for (int i = 1; i <= 3; i++) {
                meta.getColumnTypeName(i);
                meta.getTableName(i);
                meta.getColumnName(i);
                meta.isNullable(i);
                meta.isAutoIncrement(i);
                meta.getSchemaName(i);
                meta.getPrecision(i);
                meta.getScale(i);
            }
            try (Statement other = connection.createStatement(
                    ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
                ResultSet rows = other.executeQuery("SELECT id, name FROM shop.customers");
                rows.last();
                attempt("updatable", () -> rows.updateString(2, "x"));
            }
        }
    }

    /** Each type as a parameter and as a column; from the fifth time on in binary. */
    static void types() throws Exception {
        try (Connection connection = DriverManager.getConnection(url)) {
            String customers = "SELECT * FROM shop.customers WHERE id = ?";
            String products = "SELECT * FROM shop.products WHERE price < ? AND stock > ?"
                + " ORDER BY id";
            String orders = "SELECT * FROM shop.orders WHERE id = ? OR status = ? OR note LIKE ?"
                + " OR ordered_at BETWEEN ? AND ? ORDER BY id";
            for (int i = 1; i <= 7; i++) {
                try (PreparedStatement one = connection.prepareStatement(customers);
                        PreparedStatement two = connection.prepareStatement(products);
                        PreparedStatement three = connection.prepareStatement(orders)) {
                    one.setInt(1, i);
                    read(one.executeQuery());
                    two.setBigDecimal(1, new BigDecimal("60.50"));
                    two.setShort(2, (short) i);
                    read(two.executeQuery());
                    three.setLong(1, 5000000000L + i);
                    three.setString(2, "paid");
                    three.setString(3, "%door%");
                    three.setTimestamp(4, Timestamp.valueOf("2026-01-05 00:00:00"));
                    three.setTimestamp(5, Timestamp.valueOf("2026-01-06 00:00:00"));
                    read(three.executeQuery());
                }
            }
            try (PreparedStatement all = connection.prepareStatement(
                    "SELECT ?::int2, ?::int8, ?::float4, ?::float8, ?::numeric, ?::text, ?::bool,"
                        + " ?::date, ?::timestamp, ?::timestamptz, ?::bytea, ?::int4[], ?::uuid")) {
                for (int i = 0; i < 7; i++) {
                    all.setShort(1, (short) -1);
                    all.setLong(2, Long.MAX_VALUE);
                    all.setFloat(3, 1.5f);
                    all.setDouble(4, 0.1);
                    all.setBigDecimal(5, new BigDecimal("12.340"));
                    all.setString(6, "é'\\");
                    all.setBoolean(7, true);
                    all.setDate(8, java.sql.Date.valueOf("2026-01-31"));
                    all.setTimestamp(9, Timestamp.valueOf("2026-01-31 10:20:30.5"));
                    all.setObject(10, java.time.OffsetDateTime.parse("2026-01-31T10:20:30+03:00"));
                    all.setBytes(11, new byte[] {0, 1, -1});
                    all.setArray(12, connection.createArrayOf("int4", new Integer[] {1, null}));
                    all.setObject(13, UUID.fromString("00000000-0000-0000-0000-000000000001"));
                    read(all.executeQuery());
                }
                attempt("parameters", () -> all.getParameterMetaData().getParameterTypeName(1));
            }
            try (PreparedStatement some = connection.prepareStatement(
                    "SELECT name FROM shop.customers WHERE id = ANY (?) AND active = ?"
                        + " AND born > ? AND created_at < ? ORDER BY id")) {
                some.setArray(1, connection.createArrayOf("int4", new Integer[] {1, 2, 4}));
                some.setBoolean(2, true);
                some.setObject(3, java.time.LocalDate.parse("1970-01-01"));
                some.setTimestamp(4, Timestamp.valueOf("2025-12-31 00:00:00"));
                some.getMetaData();
                some.getParameterMetaData();
                read(some.executeQuery());
            }
            try (PreparedStatement nulls = connection.prepareStatement(
                    "SELECT * FROM shop.orders WHERE note = ? OR total > ? LIMIT ? OFFSET ?")) {
                nulls.setNull(1, Types.VARCHAR);
                nulls.setNull(2, Types.NUMERIC);
                nulls.setInt(3, 5);
                nulls.setInt(4, 1);
                read(nulls.executeQuery());
            }
            try (PreparedStatement batch = connection.prepareStatement("SELECT ?")) {
                batch.setInt(1, 1);
                batch.addBatch();
                batch.setInt(1, 2);
                batch.addBatch();
                attempt("batch", batch::executeBatch);
            }
        }
    }

    static void cursors() throws Exception {
        try (Connection connection = DriverManager.getConnection(url)) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(6);
                query(statement, "SELECT * FROM shop.orders ORDER BY id");
                ResultSet open = statement.executeQuery(
                    "SELECT order_id, line FROM shop.order_lines ORDER BY 1, 2");
                open.next();
                try (Statement other = connection.createStatement()) {
                    query(other, "SELECT count(*) FROM shop.orders");
                }
                read(open);
                open = statement.executeQuery("SELECT id FROM shop.orders ORDER BY id");
                open.next();
                open.close();
            }
            try (PreparedStatement prepared = connection.prepareStatement(
                    "SELECT * FROM shop.orders WHERE id > ? ORDER BY id")) {
                prepared.setFetchSize(4);
                for (int i = 0; i < 7; i++) {
                    prepared.setLong(1, 5000000008L);
                    read(prepared.executeQuery());
                }
            }
            connection.commit();
        }
    }

    static void transactions() throws Exception {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            query(statement, "SELECT 1");
            Savepoint here = connection.setSavepoint("here");
            query(statement, "SELECT nothing");
            connection.rollback(here);
            query(statement, "SELECT 2");
            Savepoint there = connection.setSavepoint();
            connection.releaseSavepoint(there);
            connection.commit();
            query(statement, "SELECT 1 / 0");
            query(statement, "SELECT 3");
            connection.rollback();
            connection.setReadOnly(true);
            query(statement, "SELECT count(*) FROM shop.orders");
            connection.commit();
            connection.setReadOnly(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            query(statement, "SELECT count(*) FROM shop.orders");
            connection.rollback();
            connection.setAutoCommit(true);
        }
        try (Connection connection = DriverManager.getConnection(url + "&autosave=always");
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            query(statement, "SELECT 1");
            query(statement, "SELECT nothing");
            query(statement, "SELECT 2");
            connection.commit();
        }
    }

    static void cancel() throws Exception {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            Thread other = new Thread(() -> query(statement, "SELECT pg_sleep(60)"));
            other.start();
            Thread.sleep(500);
            statement.cancel();
            other.join();
            statement.setQueryTimeout(1);
            query(statement, "SELECT pg_sleep(60), 2");
            statement.setQueryTimeout(0);
            query(statement, "SELECT 1");
        }
    }

    static void mode(String mode) throws Exception {
        String more = "&preferQueryMode=" + mode;
        try (Connection connection = DriverManager.getConnection(url + more);
                Statement statement = connection.createStatement()) {
            query(statement, "SELECT * FROM shop.customers ORDER BY id");
            for (int i = 0; i < 7; i++) {
                try (PreparedStatement prepared = connection.prepareStatement(
                        "SELECT * FROM shop.orders WHERE customer_id = ? AND status = ?"
                            + " AND ordered_at > ? ORDER BY id")) {
                    prepared.setInt(1, 2);
                    prepared.setString(2, "paid");
                    prepared.setTimestamp(3, Timestamp.valueOf("2026-01-05 00:00:00"));
                    read(prepared.executeQuery());
                }
            }
        }
    }

    static void options() throws Exception {
        String[] options = {
            "currentSchema=shop", "options=-c%20statement_timeout=60000", "prepareThreshold=-1",
            "binaryTransfer=false", "stringtype=unspecified", "ApplicationName=replay",
            "assumeMinServerVersion=9.0", "readOnly=true&readOnlyMode=always",
            "databaseMetadataCacheFields=0", "loggerLevel=OFF&hideUnprivilegedObjects=true",
        };
        for (String option : options) {
            attempt(option, () -> {
                try (Connection connection = DriverManager.getConnection(url + "&" + option);
                        PreparedStatement prepared = connection.prepareStatement(
                            "SELECT id, total FROM shop.orders WHERE id = ?::int8 OR note = ?")) {
                    prepared.setLong(1, 5000000001L);
                    prepared.setString(2, "leave at the door");
                    read(prepared.executeQuery());
                    read(connection.getMetaData().getTables(null, "shop", "%", null));
                    read(connection.getMetaData().getColumns(null, "gold", "%", "%"));
                }
            });
        }
    }
}
