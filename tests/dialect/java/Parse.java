import io.trino.sql.parser.ParsingException;
import io.trino.sql.parser.SqlParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Parses one statement a line, as Trino does, and says "ok" or what is wrong. */
public class Parse {
    public static void main(String[] args) throws Exception {
        var parser = new SqlParser();
        var input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
        try (var lines = new BufferedReader(input)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(verdict(parser, line));
            }
        }
    }

    private static String verdict(SqlParser parser, String sql) {
        try {
            parser.createStatement(sql);
            return "ok";
        } catch (ParsingException error) {
            return error.getMessage().replace('\n', ' ');
        }
    }
}
