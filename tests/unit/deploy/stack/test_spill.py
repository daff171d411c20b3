"""Output records on disk come back as they went, and become the same files whatever way they took."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deploy.stack import outputs
from deploy.stack.spill import Reader, Spill, read
from schemas.record import Record
from schemas.topics import IDENTITY_ASSIGNMENTS, OUTPUT_TOPICS, STITCHED_EVENTS

SOME = st.none() | st.binary(max_size=30)
HEADERS = st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=5)), max_size=2).map(tuple)
WRITTEN = st.lists(st.tuples(st.integers(0, 11), SOME, SOME, HEADERS, st.integers(0, 2**40)), max_size=12)


@given(WRITTEN)
def test_records_come_back(tmp_path_factory, written) -> None:
    """Keys, values, headers and times as they were, partition after partition, and each value by its place."""
    folder = tmp_path_factory.mktemp("spill")
    spill, partitions = Spill(folder), {}
    for partition, key, value, headers, timestamp in written:
        log = partitions.setdefault(partition, [])
        log.append(Record(STITCHED_EVENTS, partition, len(log), timestamp, key, value, headers))
        spill.write(log[-1])
    spill.close()
    wanted = [record for _, log in sorted(partitions.items()) for record in log]
    assert list(read(folder, STITCHED_EVENTS)) == wanted
    with Reader(folder, STITCHED_EVENTS) as reader:
        found = [(entry.key, reader.value(entry.place), entry.has_value) for entry in reader.entries()]
    assert found == [(r.key or b"", r.value, r.value is not None) for r in wanted]


def test_files_by_key_each_line_once(tmp_path) -> None:
    """By key, in the order written, repeats once; of a compacted topic the last of each key, without deleted ones."""

    def of(topic, *pairs):
        return [Record(topic, n % 2, n // 2, 0, key, value) for n, (key, value) in enumerate(pairs)]

    events = of(STITCHED_EVENTS, (b"b", b"1"), (b"a", b"1"), (b"b", b"1"), (b"a", b"0"), (b"b", b"0"), (b"a", None))
    owners = of(IDENTITY_ASSIGNMENTS, (b"b", b"1"), (b"a", b"1"), (b"b", b"2"), (b"a", None))
    counts = outputs.write_topics(tmp_path, {STITCHED_EVENTS: events, IDENTITY_ASSIGNMENTS: owners})
    assert (tmp_path / f"{STITCHED_EVENTS}.jsonl").read_bytes() == b"1\n0\nnull\n1\n0\n"
    assert (tmp_path / f"{IDENTITY_ASSIGNMENTS}.jsonl").read_bytes() == b"2\n"
    assert counts == dict.fromkeys(OUTPUT_TOPICS, 0) | {STITCHED_EVENTS: 5, IDENTITY_ASSIGNMENTS: 1}
