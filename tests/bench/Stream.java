import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Reads a query's rows in parts and prints: rows, seconds to the first, seconds. Arguments: URL, query, fetch size. */
public final class Stream {
    private static final double NANOSECONDS = 1e9;

    public static void main(String[] arguments) throws SQLException {
        try (Connection connection = DriverManager.getConnection(arguments[0])) {
            // Outside a transaction the driver reads everything at once.
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(Integer.parseInt(arguments[2]));
                read(statement, arguments[1]);
            }
            connection.commit();
        }
    }

    /** Values stay as they came: decoding them is the same work for every server. */
    private static void read(Statement statement, String query) throws SQLException {
        long started = System.nanoTime();
        long first = 0;
        long count = 0;
        try (ResultSet rows = statement.executeQuery(query)) {
            while (rows.next()) {
                if (count++ == 0) {
                    first = System.nanoTime();
                }
            }
        }
        double total = (System.nanoTime() - started) / NANOSECONDS;
        System.out.println(count + " " + (first - started) / NANOSECONDS + " " + total);
    }
}
