import java.util.List;
import java.util.Map;

/** The story as each Java SDK tells it: Story SDK; HOST, KEY and USER_ID come from the environment. */
public class Story {
  static final String HOST = System.getenv("HOST"), KEY = System.getenv("KEY"), USER = System.getenv("USER_ID");
  static final Map<String, Object> TRAITS = Map.of("email", USER + "@example.com", "firstName", "Ada");
  static final Map<String, Object> MUG =
      Map.of("product_id", "P-1", "sku", "S-1", "name", "Mug", "price", new java.math.BigDecimal("19.99"), "quantity", 2);
  static final Map<String, Object> CAP =
      Map.of("product_id", "P-2", "sku", "S-2", "name", "Cap", "price", 5.5, "quantity", 1);
  static final Map<String, Object> ORDER =
      Map.of("order_id", "O-" + USER, "revenue", 45.48, "currency", "EUR", "products", List.of(MUG, CAP));
  static final List<Map.Entry<String, Map<String, Object>>> EVENTS = List.of(
      Map.entry("Product Added", MUG), Map.entry("Order Completed", ORDER),
      Map.entry("Large", Map.of("text", "x".repeat(25_000))));

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("segment")) {
      var client = com.segment.analytics.Analytics.builder(KEY).endpoint(HOST).build();
      client.enqueue(com.segment.analytics.messages.IdentifyMessage.builder().userId(USER).traits(TRAITS));
      for (var event : EVENTS)
        client.enqueue(com.segment.analytics.messages.TrackMessage.builder(event.getKey()).userId(USER).properties(event.getValue()));
      client.flush();
      Thread.sleep(3000); // it tells nobody when it is done
      client.shutdown();
    } else {
      var client = com.rudderstack.sdk.java.analytics.RudderAnalytics.builder(KEY).setDataPlaneUrl(HOST).build();
      client.enqueue(com.rudderstack.sdk.java.analytics.messages.IdentifyMessage.builder().userId(USER).traits(TRAITS));
      for (var event : EVENTS)
        client.enqueue(com.rudderstack.sdk.java.analytics.messages.TrackMessage.builder(event.getKey()).userId(USER).properties(event.getValue()));
      client.flush();
      Thread.sleep(3000); // it tells nobody when it is done
      client.shutdown();
    }
    System.exit(0);
  }
}
