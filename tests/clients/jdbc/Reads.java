// The JDBC driver with its default options: views with their types, many rows, parameters, metadata, and an error.

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

public class Reads {
    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:clickhouse://" + arguments[0] + "/winback" + (arguments.length > 1 ? "?" + arguments[1] : "");
        try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement()) {
            try (ResultSet rows = statement.executeQuery("SELECT channel, events, open_rate FROM v_channel_daily")) {
                rows.next();
                System.out.println("view " + rows.getString(1) + " " + rows.getLong(2) + " " + rows.getObject(3));
            }
            try (ResultSet rows = statement.executeQuery("SELECT number, toString(number) FROM numbers(300000)")) {
                long sum = 0;
                while (rows.next()) {
                    sum += rows.getLong(1) + rows.getString(2).length();
                }
                System.out.println("many " + sum);
            }
            String long_text = "it's\ta \\ test".repeat(1000);
            try (PreparedStatement prepared = connection.prepareStatement("SELECT length(?), ? + 1")) {
                prepared.setString(1, long_text);
                prepared.setInt(2, 41);
                try (ResultSet rows = prepared.executeQuery()) {
                    rows.next();
                    System.out.println("parameters " + rows.getLong(1) + " " + rows.getLong(2));
                }
            }
            int tables = 0;
            try (ResultSet rows = connection.getMetaData().getTables(null, "winback", "v_channel%", null)) {
                while (rows.next()) {
                    tables++;
                }
            }
            System.out.println("tables " + tables);
            try (ResultSet rows = connection.getMetaData().getColumns(null, "winback", "v_channel_daily", "channel")) {
                rows.next();
                System.out.println("column " + rows.getString("COLUMN_NAME") + " " + rows.getString("TYPE_NAME"));
            }
            try {
                statement.executeQuery("SELECT nope FROM events");
            } catch (SQLException error) {
                System.out.println("error " + error.getErrorCode() + " " + error.getMessage().replace('\n', ' '));
            }
            System.out.println("valid " + connection.isValid(5));
        }
    }
}
