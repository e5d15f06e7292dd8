import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;

/** What a JDBC tool does first. Prints one line per fact; the test reads them. Argument: the URL. */
public final class Probe {
    private static final int RUNS = 10;

    public static void main(String[] arguments) throws SQLException {
        try (Connection connection = DriverManager.getConnection(arguments[0])) {
            say("autocommit", connection.getAutoCommit());
            prepared(connection);
            fetchSize(connection);
            transaction(connection);
            metadata(connection.getMetaData());
        }
    }

    /** The driver switches to a named statement and binary results after the fifth run. */
    private static void prepared(Connection connection) throws SQLException {
        String sql = "SELECT id, whole, big, floating, exact, text, day, at, instant, truth, bytes"
            + " FROM types WHERE id = ? AND text <> ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int run = 1; run <= RUNS; run++) {
                statement.setInt(1, 3);
                statement.setString(2, "nothing");
                try (ResultSet rows = statement.executeQuery()) {
                    ResultSetMetaData shape = rows.getMetaData();
                    StringBuilder line = new StringBuilder();
                    while (rows.next()) {
                        for (int column = 1; column <= shape.getColumnCount(); column++) {
                            Object value = column == 11 ? rows.getBytes(column).length
                                : column == 9 ? rows.getTimestamp(column).toInstant()
                                : column == 6 ? rows.getString(column).length()
                                : rows.getObject(column);
                            line.append(value).append('|');
                        }
                    }
                    say("run" + run, line);
                }
            }
        }
    }

    private static void fetchSize(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(100);
            long sum = 0;
            try (ResultSet rows =
                    statement.executeQuery("SELECT v FROM generate_series(1, 1050) AS t(v)")) {
                while (rows.next()) {
                    sum += rows.getLong(1);
                }
            }
            say("fetched", sum);
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    private static void transaction(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT * FROM not_there");
        } catch (SQLException error) {
            say("error", error.getSQLState());
        }
        connection.rollback();
        connection.setAutoCommit(true);
        connection.setReadOnly(true);
        say("readonly", connection.isReadOnly());
        say("valid", connection.isValid(5));
    }

    private static void metadata(DatabaseMetaData metadata) throws SQLException {
        say("product", metadata.getDatabaseProductName());
        list("catalog", metadata.getCatalogs(), "TABLE_CAT");
        list("schema", metadata.getSchemas(), "TABLE_SCHEM");
        String[] kinds = {"TABLE", "VIEW"};
        try (ResultSet rows = metadata.getTables(null, "%", "%", kinds)) {
            while (rows.next()) {
                say("table", rows.getString("TABLE_SCHEM") + "." + rows.getString("TABLE_NAME"));
            }
        }
        try (ResultSet rows = metadata.getColumns(null, "public", "types", "%")) {
            while (rows.next()) {
                say("column", rows.getString("COLUMN_NAME") + ":" + rows.getString("TYPE_NAME")
                    + ":" + rows.getInt("COLUMN_SIZE") + ":" + rows.getInt("DECIMAL_DIGITS"));
            }
        }
        list("key", metadata.getPrimaryKeys(null, "public", "types"), "COLUMN_NAME");
        list("index", metadata.getIndexInfo(null, "public", "types", false, true), "INDEX_NAME");
        list("foreign", metadata.getImportedKeys(null, "public", "types"), "FKCOLUMN_NAME");
        list("type", metadata.getTypeInfo(), "TYPE_NAME");
        list("kind", metadata.getTableTypes(), "TABLE_TYPE");
        say("keywords", metadata.getSQLKeywords().length() > 0);
    }

    private static void list(String word, ResultSet rows, String column) throws SQLException {
        try (rows) {
            while (rows.next()) {
                say(word, rows.getString(column));
            }
        }
    }

    private static void say(String word, Object value) {
        System.out.println(word + " " + value);
    }
}
