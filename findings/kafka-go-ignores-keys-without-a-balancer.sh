#!/usr/bin/env bash
# kafka-go writes messages of one key to all partitions unless it is given a balancer.
#
# Expected: as with every Kafka producer, messages with the same key go to the same partition.
# Happens:  a Writer without Balancer deals messages out in turn, whatever their key. Its Hash balancer keeps them together, on another
#   partition than Java's producer; Murmur2Balancer is the one that agrees with Java.
# Matters:  the events of one customer lose their order, and a compacted topic keeps one value of a key in every partition.
# Seen with github.com/segmentio/kafka-go v0.4.47 on Go, 2026-11-30.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GOFLAGS=-mod=mod GOPATH="$work/go" GOCACHE="$work/cache"
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cat >go.mod <<'MOD'
module partitions

go 1.22

require github.com/segmentio/kafka-go v0.4.47
MOD
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net"
	"sort"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
)

type fake struct{ seen map[int32]int }

func (f *fake) RoundTrip(_ context.Context, _ net.Addr, r protocol.Message) (protocol.Message, error) {
	switch m := r.(type) {
	case *metadata.Request:
		t := metadata.ResponseTopic{Name: "events"}
		for i := int32(0); i < 4; i++ {
			t.Partitions = append(t.Partitions, metadata.ResponsePartition{PartitionIndex: i, LeaderID: 1})
		}
		return &metadata.Response{Brokers: []metadata.ResponseBroker{{NodeID: 1, Host: "localhost", Port: 9092}}, Topics: []metadata.ResponseTopic{t}}, nil
	case *produce.Request:
		out := &produce.Response{}
		for _, t := range m.Topics {
			rt := produce.ResponseTopic{Topic: t.Topic}
			for _, p := range t.Partitions {
				n := 0
				for {
					rec, err := p.RecordSet.Records.ReadRecord()
					if err != nil {
						break
					}
					_ = rec
					n++
				}
				f.seen[p.Partition] += n
				rt.Partitions = append(rt.Partitions, produce.ResponsePartition{Partition: p.Partition})
			}
			out.Topics = append(out.Topics, rt)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%T", r)
}

func try(name string, b kafka.Balancer) {
	f := &fake{seen: map[int32]int{}}
	w := &kafka.Writer{Addr: kafka.TCP("localhost:9092"), Topic: "events", Balancer: b, Transport: f, RequiredAcks: kafka.RequireAll}
	var ms []kafka.Message
	for i := 0; i < 40; i++ {
		ms = append(ms, kafka.Message{Key: []byte("customer-1"), Value: []byte("x")})
	}
	if err := w.WriteMessages(context.Background(), ms...); err != nil {
		panic(err)
	}
	w.Close()
	var ks []int
	for k := range f.seen {
		ks = append(ks, int(k))
	}
	sort.Ints(ks)
	fmt.Printf("%s:", name)
	for _, k := range ks {
		fmt.Printf(" partition %d has %d", k, f.seen[int32(k)])
	}
	fmt.Println()
}

func main() {
	try("no balancer", nil)
	try("Hash", &kafka.Hash{})
	try("Murmur2Balancer", kafka.Murmur2Balancer{})
	try("CRC32Balancer", kafka.CRC32Balancer{})
}
GO
go mod tidy 2>tidy.log
seen=$(go run .)
expected='no balancer: partition 0 has 10 partition 1 has 10 partition 2 has 10 partition 3 has 10
Hash: partition 3 has 40
Murmur2Balancer: partition 1 has 40
CRC32Balancer: partition 1 has 40'
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo "differs" >&2; exit 1; }
