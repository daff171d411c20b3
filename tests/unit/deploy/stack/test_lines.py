"""Input lines become the same records wherever they are read, and bad ones are told by file and line."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys

import pytest
from aiokafka.partitioner import murmur2 as kafkas_murmur2

from deploy.errors import BadInputError
from deploy.stack import lines

NOON = 1_700_000_000_000


def write(path, *objects):
    """A file of these JSON lines; bytes are taken as they are."""
    raw = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in objects]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return str(path)


def read(*paths, event_clock=True, partitions=4):
    """All lines of the files in one list."""
    return [line for chunk in lines.read(paths, partitions, event_clock=event_clock) for line in chunk]


def line(**given):
    """A small valid line, with some fields replaced."""
    return {"topic": "channels.web", "key": "k", "timestamp": NOON, "value": {"a": 1}, **given}


def test_a_line_becomes_a_record(tmp_path):
    """Topic, key, timestamp and the compact value go over; fields nobody knows are ignored."""
    [got] = read(write(tmp_path / "in.jsonl", line(sdk="x", more=[1])))
    assert got == lines.Line("channels.web", kafkas_murmur2(b"k") & 0x7FFFFFFF & 3, b"k", b'{"a":1}', NOON)


@pytest.mark.parametrize("key", ["", "k", "ab", "abc", "be44cd0d-f3a5-45f9-ad5c-f1a37c8e6e2d", "ключ", "長い鍵"])
@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_partition_is_kafkas_default(key, partitions):
    """A key lands where Kafka's own clients would put it."""
    want = (kafkas_murmur2(key.encode()) & 0x7FFFFFFF) % partitions
    assert lines.partition_for(key.encode(), b"v", partitions) == want


def test_partition_without_a_key_follows_the_value(tmp_path):
    """No key: the same value goes to the same partition on every run, different values to different ones."""
    path = write(tmp_path / "in.jsonl", *(line(key=None, value={"n": n}) for n in range(50)))
    first = [got.partition for got in read(path)]
    assert first == [got.partition for got in read(path)]
    assert set(first) == {0, 1, 2, 3}


def test_gz_plain_and_standard_input_read_the_same(tmp_path):
    """The three ways in give the same lines."""
    plain = write(tmp_path / "in.jsonl", line(), b"", b"   ", line(key="other"))
    packed = tmp_path / "in.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "in.jsonl").read_bytes()))
    script = (
        "import sys; from deploy.stack import lines\n"
        "print([l for c in lines.read(['-'], 4, event_clock=True) for l in c])"
    )
    piped = subprocess.run(
        [sys.executable, "-c", script], input=(tmp_path / "in.jsonl").read_bytes(), capture_output=True, check=True
    )
    assert read(plain) == read(str(packed))
    assert piped.stdout.decode().strip() == str(read(plain))
    assert [got.key for got in read(plain)] == [b"k", b"other"]


def test_last_line_without_a_newline_counts(tmp_path):
    """A file whose last line is not ended loses nothing."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(json.dumps(line()).encode())
    assert len(read(str(path))) == 1


def test_lines_longer_than_a_read_stay_whole(tmp_path):
    """A value larger than one read of the file arrives whole, between its neighbours."""
    path = write(tmp_path / "in.jsonl", line(), line(value={"text": "x" * 3_000_000}), line())
    assert [len(got.value) for got in read(path)] == [7, 3_000_011, 7]


def test_value_b64_is_taken_byte_for_byte(tmp_path):
    """Raw bytes, JSON or not, reach the topic as they are."""
    raw = b'\xff\x00 {"a": NaN}'
    [got] = read(write(tmp_path / "in.jsonl", {"topic": "channels.web", "value_b64": base64.b64encode(raw).decode()}))
    assert got.value == raw


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"topic":"channels.web","value":{"a":NaN}}', b'{"a": NaN}'),
        (b'{"topic":"channels.web","value":{"a":"\\ud800"}}', b'{"a": "\\ud800"}'),
    ],
)
def test_values_that_are_not_strict_json_pass(tmp_path, raw, value):
    """What real producers send beside JSON (NaN, lone surrogates) is passed on for the pipeline to judge."""
    [got] = read(write(tmp_path / "in.jsonl", raw))
    assert got.value == value


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ({"timestamp": "2023-11-14T22:13:20Z"}, NOON),
        ({"timestamp": None, "originalTimestamp": "2023-11-14T22:13:20.000Z"}, NOON),
        ({"timestamp": "soon", "sentAt": NOON}, NOON),
        ({"specversion": "1.0", "time": "2023-11-14T22:13:20Z"}, NOON),
        ({"specversion": "1.0", "data": {"timestamp": NOON}, "time": "2020-01-01"}, NOON),
        ({}, lines.DAWN),
        ([1, 2], lines.DAWN),
    ],
)
def test_event_clock_takes_the_values_own_time(tmp_path, value, want):
    """Under the event clock a line without timestamp never takes the wall clock's."""
    [got] = read(write(tmp_path / "in.jsonl", {"topic": "channels.web", "value": value}))
    assert got.timestamp == want


def test_event_clock_falls_back_on_the_last_time_of_the_file(tmp_path):
    """A line that knows no time at all is as old as the line before it, and files do not affect each other."""
    timeless = {"topic": "channels.web", "value": {}}
    first = write(tmp_path / "a.jsonl", timeless, line(timestamp=NOON), timeless)
    second = write(tmp_path / "b.jsonl", timeless)
    assert [got.timestamp for got in read(first, second)] == [lines.DAWN, NOON, NOON, lines.DAWN]


def test_wall_clock_takes_now(tmp_path):
    """Without the event clock a line without timestamp is of now, whatever its value says."""
    [got] = read(write(tmp_path / "in.jsonl", {"topic": "channels.web", "value": {"timestamp": 5}}), event_clock=False)
    assert got.timestamp > NOON


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (b"{", "bad JSON"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"\xff\xfe", "bad JSON"),
        (b"[" * 100_000, "deeply"),
        ({"value": {}}, "unknown topic"),
        (line(topic="channels.fax"), "unknown topic"),
        (line(topic=["channels.web"]), "unknown topic"),
        (line(topic="stitched.events"), "unknown topic"),
        (line(key=7), "key"),
        (b'{"topic":"channels.web","key":"\\ud800","value":1}', "surrogate"),
        (line(timestamp="2023-11-14"), "timestamp"),
        (line(timestamp=True), "timestamp"),
        (line(timestamp=-1), "timestamp"),
        (line(timestamp=10**18), "timestamp"),
        ({"topic": "channels.web"}, "value"),
        (line(value_b64="AA=="), "not both"),
        ({"topic": "channels.web", "value_b64": "*"}, "base64"),
        ({"topic": "channels.web", "value_b64": 5}, "base64"),
    ],
)
def test_a_bad_line_is_told_by_file_and_number(tmp_path, bad, word):
    """Whatever is wrong with a line is one short line of text that names the file and the line number."""
    path = write(tmp_path / "in.jsonl", line(), b"", bad)
    with pytest.raises(BadInputError) as problem:
        read(path)
    assert f"{path}:3: " in str(problem.value)
    assert word in str(problem.value)
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 400


def test_lines_before_a_bad_one_are_handed_on_first(tmp_path):
    """What was good before the bad line is not lost to the reader."""
    path = write(tmp_path / "in.jsonl", line(), b"{")
    chunks = lines.read([path], 4, event_clock=True)
    assert len(next(chunks)) == 1
    with pytest.raises(BadInputError):
        next(chunks)


@pytest.mark.parametrize("name", ["absent.jsonl", ".", "broken.gz"])
def test_files_that_cannot_be_read_are_refused(tmp_path, name):
    """A missing file, a folder, and a .gz that is none are bad input."""
    (tmp_path / "broken.gz").write_bytes(b"not packed at all")
    with pytest.raises(BadInputError):
        read(str(tmp_path / name))


def test_a_truncated_gz_is_refused(tmp_path):
    """A .gz cut off in the middle is bad input, not a shorter file."""
    whole = gzip.compress(b"\n".join(json.dumps(line(key=str(n))).encode() for n in range(1000)))
    (tmp_path / "cut.gz").write_bytes(whole[:-20])
    with pytest.raises(BadInputError):
        read(str(tmp_path / "cut.gz"))


def test_objects_of_an_import_follow_the_same_rules():
    """Lines made by a program get the partition and bytes that they would have from a file."""
    [chunk] = lines.of_objects([line(), line(key=None)], 4)
    assert [got.value for got in chunk] == [b'{"a":1}'] * 2
    assert chunk[0].partition == lines.partition_for(b"k", b"", 4)
