import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.StringJoiner;

/**
 * Calls every method of DatabaseMetaData. Prints one line per fact: the method, a word (value,
 * columns, row, error), what was found. Arguments: the URL, a schema, a table.
 */
public final class Metadata {
    public static void main(String[] arguments) throws SQLException {
        String schema = arguments[1];
        String table = arguments[2];
        Map<String, Object[]> known = Map.ofEntries(
            Map.entry("getAttributes", new Object[] {null, schema, "%", "%"}),
            Map.entry("getBestRowIdentifier", new Object[] {null, schema, table, 2, true}),
            Map.entry("getColumnPrivileges", new Object[] {null, schema, table, "%"}),
            Map.entry("getColumns", new Object[] {null, schema, table, "%"}),
            Map.entry("getCrossReference", new Object[] {null, schema, table, null, schema, table}),
            Map.entry("getExportedKeys", new Object[] {null, schema, table}),
            Map.entry("getFunctionColumns", new Object[] {null, "pg_catalog", "upper", "%"}),
            Map.entry("getFunctions", new Object[] {null, "pg_catalog", "upp%"}),
            Map.entry("getImportedKeys", new Object[] {null, schema, table}),
            Map.entry("getIndexInfo", new Object[] {null, schema, table, false, true}),
            Map.entry("getPrimaryKeys", new Object[] {null, schema, table}),
            Map.entry("getProcedureColumns", new Object[] {null, schema, "%", "%"}),
            Map.entry("getProcedures", new Object[] {null, schema, "%"}),
            Map.entry("getPseudoColumns", new Object[] {null, schema, table, "%"}),
            Map.entry("getSchemas", new Object[] {null, "publ%"}),
            Map.entry("getSuperTables", new Object[] {null, schema, "%"}),
            Map.entry("getSuperTypes", new Object[] {null, schema, "%"}),
            Map.entry("getTablePrivileges", new Object[] {null, schema, table}),
            Map.entry("getTables",
                new Object[] {null, schema, table, new String[] {"TABLE", "VIEW"}}),
            Map.entry("getUDTs", new Object[] {null, schema, "%", null}),
            Map.entry("getVersionColumns", new Object[] {null, schema, table}));
        try (Connection connection = DriverManager.getConnection(arguments[0])) {
            DatabaseMetaData metadata = connection.getMetaData();
            Method[] methods = DatabaseMetaData.class.getDeclaredMethods();
            Arrays.sort(methods, Comparator.comparing(Method::toString));
            for (Method method : methods) {
                if (method.isSynthetic() || java.lang.reflect.Modifier.isStatic(
                        method.getModifiers())) {
                    continue;
                }
                boolean bare = method.getParameterCount() == 0;
                String name = method.getName() + (bare ? "" : "/" + method.getParameterCount());
                Object[] values = bare ? new Object[0]
                    : known.getOrDefault(method.getName(), numbers(method));
                call(metadata, method, name, values);
            }
        }
    }

    /** supportsResultSetType(1003) and the like: constants of java.sql.ResultSet. */
    private static Object[] numbers(Method method) {
        Object[] values = {ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY};
        return Arrays.copyOf(values, method.getParameterCount());
    }

    private static void call(
            DatabaseMetaData metadata, Method method, String name, Object[] values) {
        try {
            Object found = method.invoke(metadata, values);
            if (found instanceof ResultSet) {
                rows(name, (ResultSet) found);
            } else {
                say(name, "value", String.valueOf(found));
            }
        } catch (InvocationTargetException error) {
            say(name, "error", String.valueOf(error.getCause()));
        } catch (IllegalAccessException | IllegalArgumentException | SQLException error) {
            say(name, "error", String.valueOf(error));
        }
    }

    private static void rows(String name, ResultSet rows) throws SQLException {
        try (rows) {
            ResultSetMetaData shape = rows.getMetaData();
            StringJoiner columns = new StringJoiner("|");
            for (int column = 1; column <= shape.getColumnCount(); column++) {
                columns.add(shape.getColumnLabel(column) + ":" + shape.getColumnType(column));
            }
            say(name, "columns", columns.toString());
            while (rows.next()) {
                StringJoiner row = new StringJoiner("|");
                for (int column = 1; column <= shape.getColumnCount(); column++) {
                    row.add(String.valueOf(rows.getString(column)));
                }
                say(name, "row", row.toString());
            }
        }
    }

    private static void say(String name, String word, String value) {
        String line = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t");
        System.out.println(name + "\t" + word + "\t" + line);
    }
}
