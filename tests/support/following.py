"""Merges and splits followed step by step by ClickHouse itself, at each question: what resolved tables have to say."""

from __future__ import annotations

from typing import Any, Final

LINKED: Final = """
WITH RECURSIVE
    merges AS
    (
        SELECT merged_profile_id AS merged, argMax(into_profile_id, version) AS into
        FROM profile_merges WHERE refused = '' AND occurrence = 0 GROUP BY merged
    ),
    walk AS
    (
        SELECT merged AS profile, into AS reached, 1 AS hops FROM merges
        UNION ALL
        SELECT walk.profile AS profile, merges.into AS reached, walk.hops + 1 AS hops
        FROM walk INNER JOIN merges ON merges.merged = walk.reached WHERE walk.hops < 900
    )
SELECT profile AS profile_id, argMax(reached, hops) AS current_id FROM walk GROUP BY profile_id
"""
PATHS: Final = """
WITH RECURSIVE
    merges AS
    (
        SELECT merged_profile_id AS merged, argMax(into_profile_id, version) AS into, argMax(merged_at, version) AS at
        FROM profile_merges WHERE refused = '' AND reason NOT IN ('split', 'erased') GROUP BY merged
    ),
    walk AS
    (
        SELECT merged AS profile, into AS reached, at, 1 AS hops FROM merges
        UNION ALL
        SELECT walk.profile AS profile, merges.into AS reached, merges.at AS at, walk.hops + 1 AS hops
        FROM walk INNER JOIN merges ON merges.merged = walk.reached WHERE walk.hops < 900
    )
SELECT profile AS profile_id, reached AS reached_id, at, hops FROM walk
"""
SPLITS: Final = f"""
WITH RECURSIVE family AS
    (
        SELECT
            version AS cut, version AS step, merged_profile_id AS member, into_profile_id AS target,
            arrayJoin(if(reason = 'split', identifiers, [''])) AS head, merged_at AS until
        FROM profile_merges WHERE refused = '' AND reason IN ('split', 'split_history')
        UNION ALL
        SELECT
            family.cut AS cut, earlier.version AS step, earlier.merged_profile_id AS member,
            family.target AS target, family.head AS head,
            if(earlier.occurrence = 0, family.until, earlier.merged_at) AS until
        FROM profile_merges AS earlier INNER JOIN family ON family.member = earlier.into_profile_id
        WHERE earlier.refused = '' AND earlier.version < family.step
            AND (
                earlier.occurrence = 0
                OR (earlier.reason = 'split' AND has(earlier.identifiers, family.head))
                OR (earlier.reason = 'split_history' AND family.head = '')
            )
    ),
    last AS
    (
        SELECT member, head, argMax((target, until), (cut, until)) AS latest FROM family GROUP BY member, head
    )
SELECT
    member AS profile_id, head, latest.2 AS until, if(later.current_id = '', latest.1, later.current_id) AS current_id
FROM last LEFT ANY JOIN ({LINKED}) AS later ON later.profile_id = latest.1
"""  # noqa: S608
CURRENT: Final = f"""
SELECT linked.profile_id AS profile_id, if(cut.current_id = '', linked.current_id, cut.current_id) AS current_id
FROM ({LINKED}) AS linked
LEFT ANY JOIN (SELECT profile_id, current_id FROM ({SPLITS}) WHERE head = '') AS cut
    ON cut.profile_id = linked.profile_id
"""  # noqa: S608
VIEWS: Final = {
    "linked_profiles": LINKED, "merge_paths": PATHS, "split_heads": SPLITS, "current_profiles": CURRENT,
}  # fmt: skip


def differing(client: Any) -> dict[str, tuple[Any, Any]]:
    """What views over resolved tables say otherwise than the rows about merges and splits: by view, both answers."""
    both = {
        view: tuple(client.query(f"SELECT * FROM {read} ORDER BY ALL").result_rows for read in (view, f"({sql})"))  # noqa: S608
        for view, sql in VIEWS.items()
    }
    return {view: (kept, followed) for view, (kept, followed) in both.items() if kept != followed}
