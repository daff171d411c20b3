// The story as each Go SDK tells it: story SDK; HOST, KEY and USER_ID come from the environment.
package main

import (
	"os"
	"strings"

	rudder "github.com/rudderlabs/analytics-go/v4"
	segment "github.com/segmentio/analytics-go/v3"
)

var (
	user   = os.Getenv("USER_ID")
	traits = map[string]interface{}{"email": user + "@example.com", "firstName": "Ada"}
	mug    = map[string]interface{}{"product_id": "P-1", "sku": "S-1", "name": "Mug", "price": 19.99, "quantity": 2}
	hat    = map[string]interface{}{"product_id": "P-2", "sku": "S-2", "name": "Cap", "price": 5.5, "quantity": 1}
	order  = map[string]interface{}{
		"order_id": "O-" + user, "revenue": 45.48, "currency": "EUR", "products": []interface{}{mug, hat},
	}
	events = []struct {
		name       string
		properties map[string]interface{}
	}{{"Product Added", mug}, {"Order Completed", order}, {"Large", map[string]interface{}{"text": strings.Repeat("x", 25000)}}}
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	host, key := os.Getenv("HOST"), os.Getenv("KEY")
	if os.Args[1] == "segment" {
		client, err := segment.NewWithConfig(key, segment.Config{Endpoint: host})
		must(err)
		must(client.Enqueue(segment.Identify{UserId: user, Traits: traits}))
		for _, event := range events {
			must(client.Enqueue(segment.Track{UserId: user, Event: event.name, Properties: event.properties}))
		}
		must(client.Close())
		return
	}
	client, err := rudder.NewWithConfig(key, rudder.Config{DataPlaneUrl: host})
	must(err)
	must(client.Enqueue(rudder.Identify{UserId: user, Traits: traits}))
	for _, event := range events {
		must(client.Enqueue(rudder.Track{UserId: user, Event: event.name, Properties: event.properties}))
	}
	must(client.Close())
}
