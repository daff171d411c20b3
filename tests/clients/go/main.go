// clickhouse-go over HTTP with each way of packing: views with their types, many rows, parameters, and an error.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

var methods = map[string]clickhouse.CompressionMethod{
	"none": clickhouse.CompressionNone, "lz4": clickhouse.CompressionLZ4, "zstd": clickhouse.CompressionZSTD,
	"gzip": clickhouse.CompressionGZIP, "deflate": clickhouse.CompressionDeflate, "br": clickhouse.CompressionBrotli,
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	for _, name := range os.Args[2:] {
		connection, err := clickhouse.Open(&clickhouse.Options{
			Addr: []string{os.Args[1]}, Protocol: clickhouse.HTTP, Auth: clickhouse.Auth{Database: "winback"},
			Compression: &clickhouse.Compression{Method: methods[name], Level: 3},
		})
		check(err)
		ctx := context.Background()
		check(connection.Ping(ctx))
		var channel string
		var events uint64
		var rate *float64
		check(connection.QueryRow(ctx, "SELECT channel, events, open_rate FROM v_channel_daily").Scan(&channel, &events, &rate))
		rows, err := connection.Query(ctx, "SELECT number, toString(number) FROM numbers(300000)")
		check(err)
		var sum, number uint64
		var text string
		for rows.Next() {
			check(rows.Scan(&number, &text))
			sum += number + uint64(len(text))
		}
		check(rows.Err())
		long := clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"t": strings.Repeat("xy z", 5000)}))
		var length uint64
		check(connection.QueryRow(long, "SELECT length({t:String})").Scan(&length))
		err = connection.QueryRow(ctx, "SELECT nope FROM events").Scan(&length)
		var told *clickhouse.Exception
		fmt.Println(name, channel, events, rate == nil, sum, length, errors.As(err, &told), strings.Split(err.Error(), "\n")[0])
		check(connection.Close())
	}
}
