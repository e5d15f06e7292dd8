import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Timer;
import java.util.TimerTask;

/** What tools do first with Arrow's Flight SQL driver: connect, browse, read, prepare, bind, cancel. */
public final class FlightProbe {
    public static void main(String[] arguments) throws SQLException {
        try (Connection connection = DriverManager.getConnection(arguments[0])) {
            browse(connection.getMetaData());
            read(connection);
            prepare(connection);
            fail(connection);
            cancel(connection);
        }
        say("end", "reached");
    }

    private static void browse(DatabaseMetaData metadata) throws SQLException {
        say("product", metadata.getDatabaseProductName());
        say("readonly", metadata.isReadOnly());
        say("quote", metadata.getIdentifierQuoteString());
        say("transactions", metadata.supportsTransactions());
        say("isolation", metadata.getDefaultTransactionIsolation());
        all("catalog", metadata.getCatalogs(), "TABLE_CAT");
        all("schema", metadata.getSchemas(), "TABLE_SCHEM");
        all("tabletype", metadata.getTableTypes(), "TABLE_TYPE");
        all("table", metadata.getTables(null, "public", "%", null), "TABLE_NAME");
        all("column", metadata.getColumns(null, "public", "types", "%"), "COLUMN_NAME");
        all("key", metadata.getPrimaryKeys(null, "pg_catalog", "pg_attribute"), "COLUMN_NAME");
        all("imported", metadata.getImportedKeys(null, "public", "types"), "PKCOLUMN_NAME");
        say("keywords", metadata.getSQLKeywords().length() > 0);
    }

    private static void read(Connection connection) throws SQLException {
        String query = "SELECT id, text, day, at, money, truth, numbers FROM types ORDER BY id";
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            ResultSetMetaData columns = rows.getMetaData();
            for (int column = 1; column <= columns.getColumnCount(); column++) {
                say("described", columns.getColumnName(column));
            }
            while (rows.next()) {
                say("row", rows.getInt(1) + "|" + rows.getString(2) + "|" + rows.getBigDecimal(5)
                        + "|" + rows.getObject(6));
            }
        }
        try (Statement statement = connection.createStatement()) {
            say("command", statement.execute("SET application_name TO 'probe'"));
        }
    }

    private static void prepare(Connection connection) throws SQLException {
        String query = "SELECT $1::int4 + 1 AS more, $2::text AS word";
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            for (int number = 1; number <= 3; number++) {
                statement.setInt(1, number);
                statement.setString(2, "word " + number);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        say("bound", rows.getInt(1) + "|" + rows.getString(2));
                    }
                }
            }
        }
    }

    private static void fail(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT * FROM nowhere");
        } catch (SQLException error) {
            say("error", error.getMessage().contains("nowhere"));
        }
        say("valid", connection.isValid(10));
    }

    private static void cancel(Connection connection) throws SQLException {
        String query = "SELECT sum(x) FROM generate_series(1, 1000000000000) a(x)";
        try (Statement statement = connection.createStatement()) {
            Timer timer = new Timer(true);
            timer.schedule(new TimerTask() {
                @Override
                public void run() {
                    try {
                        statement.cancel();
                    } catch (SQLException error) {
                        say("cancelfailed", error.getMessage());
                    }
                }
            }, 1000);
            try (ResultSet rows = statement.executeQuery(query)) {
                rows.next();
                say("cancel", "not done");
            } catch (SQLException error) {
                say("cancel", "done");
            }
        }
    }

    private static void all(String word, ResultSet rows, String column) throws SQLException {
        try (rows) {
            while (rows.next()) {
                say(word, rows.getString(column));
            }
        }
    }

    private static synchronized void say(String word, Object value) {
        System.out.println(word + " " + value);
    }
}
