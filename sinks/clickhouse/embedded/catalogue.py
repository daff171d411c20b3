"""What a reader's statement may name: functions, table functions, tables and settings of the engine.

Lists of what is allowed, so that whatever a later engine brings is refused until it has been looked at. Functions go by
the categories of `system.functions`; of the mixed ones, name by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sinks.clickhouse.client import DATABASE

TABLE_FUNCTIONS: Final = frozenset({
    "numbers", "numbers_mt", "generateseries", "generate_series", "view", "values", "sqlstandardvalues", "merge",
})  # fmt: skip
"""In lower case. They make rows of nothing, or read our own tables."""
CATEGORIES: Final = frozenset({
    "Aggregate Functions", "Arithmetic", "Arrays", "Bit", "Bitmap", "Comparison", "Conditional", "Dates and Times",
    "Distance", "Encoding", "Encryption", "Financial", "Geo", "Geo Polygon", "Hash", "IP Address", "JSON", "Logical",
    "Map", "Mathematical", "Null", "NumericIndexedVector", "QBit", "Random Number", "Rounding", "String",
    "String Replacement", "String Search", "String Splitting", "Time Window", "Tuple", "Type Conversion", "URL", "UUID",
})  # fmt: skip
"""Their functions work on their arguments alone."""
NAMED: Final = frozenset({
    "authenticatedUser", "bar", "blockNumber", "blockSerializedSize", "blockSize", "buildId", "byteSize",
    "caseWithExpression", "connectionId", "countDigits", "currentDatabase", "currentProfiles", "currentQueryID",
    "currentRoles", "currentSchemas", "currentUser", "defaultProfiles", "defaultRoles", "defaultValueOfArgumentType",
    "defaultValueOfTypeName", "displayName", "dumpColumnStructure", "enabledProfiles", "enabledRoles",
    "errorCodeToName", "finalizeAggregation", "flipCoordinates", "formatQuery", "formatQueryOrNull",
    "formatQuerySingleLine", "formatQuerySingleLineOrNull", "formatReadableDecimalSize", "formatReadableQuantity",
    "formatReadableSize", "formatReadableTimeDelta", "getSetting", "getSettingOrDefault", "getSizeOfEnumType",
    "getSubcolumn", "getTypeSerializationStreams", "globalVariable", "highlightQuery", "hostName", "identity",
    "ignore", "indexHint", "initialQueryID", "initialQueryStartTime", "initializeAggregation", "isConstant",
    "isDecimalOverflow", "joinGet", "joinGetOrNull", "lowCardinalityIndices", "lowCardinalityKeys", "materialize",
    "minSampleSizeContinuous", "minSampleSizeConversion", "neighbor", "nested", "normalizeQuery",
    "normalizeQueryKeepNames", "normalizedQueryHash", "normalizedQueryHashKeepNames", "parseISO8601Duration",
    "parseReadableSize", "parseReadableSizeOrNull", "parseReadableSizeOrZero", "parseTimeDelta", "queryID", "revision",
    "rowNumberInAllBlocks", "rowNumberInBlock", "runningAccumulate", "runningDifference",
    "runningDifferenceStartingWithFirstValue", "shardCount", "shardNum", "throwIf", "toColumnTypeName", "toTypeName",
    "tokenizeQuery", "transform", "uptime", "variantElement", "variantType", "version", "visibleWidth",
})  # fmt: skip
"""Of categories `Other` and `Internal`. Not: what reads files or servers, waits, or tells of certificates and ports."""
SYNTAX: Final = frozenset({"lambda", "exists", "untuple", "grouping"})
"""What the parser calls a function, and the catalogue does not; in lower case."""
SYSTEM_TABLES: Final = frozenset({
    "aggregate_function_combinators", "build_options", "codecs", "collations", "columns", "completions",
    "contributors", "current_roles", "data_skipping_indices", "data_type_families", "database_engines", "databases",
    "documentation", "enabled_roles", "formats", "functions", "keywords", "licenses", "numbers", "numbers_mt", "one",
    "settings", "table_engines", "table_functions", "tables", "time_zones", "unicode",
})  # fmt: skip
"""What clients ask for to know the engine and its tables; no files, no configuration, nothing of other users."""
SCHEMAS: Final = frozenset({"information_schema", "INFORMATION_SCHEMA"})
DATABASES: Final = frozenset({DATABASE, "system"}) | SCHEMAS

SETTINGS: Final = frozenset({
    "aggregate_functions_null_for_empty", "any_join_distinct_right_table_keys", "data_type_default_nullable",
    "describe_compact_output", "describe_include_subcolumns", "empty_result_for_aggregation_by_empty_set",
    "enable_analyzer", "exact_rows_before_limit", "except_default_mode", "extremes", "final",
    "format_binary_max_array_size", "format_binary_max_string_size", "format_csv_allow_double_quotes",
    "format_csv_allow_single_quotes", "format_csv_delimiter", "format_csv_null_representation",
    "format_custom_escaping_rule", "format_custom_field_delimiter", "format_custom_result_after_delimiter",
    "format_custom_result_before_delimiter", "format_custom_row_after_delimiter",
    "format_custom_row_before_delimiter", "format_custom_row_between_delimiter", "format_tsv_null_representation",
    "group_by_use_nulls", "intersect_default_mode", "join_algorithm", "join_any_take_last_row",
    "join_default_strictness", "join_use_nulls", "limit", "log_comment", "log_queries",
    "low_cardinality_allow_in_native_format", "max_block_size", "max_bytes_in_distinct", "max_bytes_in_join",
    "max_bytes_in_set", "max_bytes_to_read", "max_bytes_to_sort", "max_columns_to_read",
    "max_expanded_ast_elements", "max_result_rows", "max_rows_in_distinct", "max_rows_in_join", "max_rows_in_set",
    "max_rows_to_group_by", "max_rows_to_read", "max_rows_to_sort", "max_subquery_depth", "offset",
    "prefer_column_name_to_alias", "read_overflow_mode", "result_overflow_mode", "send_logs_level",
    "session_timezone", "totals_mode", "transform_null_in", "union_default_mode", "use_client_time_zone",
    "use_skip_indexes", "use_uncompressed_cache",
})  # fmt: skip
"""Settings that shape an answer or only make a query fail earlier."""
OF_WRITING: Final = frozenset({
    "alter_sync", "insert_distributed_sync", "insert_quorum", "lightweight_deletes_sync", "mutations_sync",
})  # fmt: skip
"""Settings that clients such as dbt send with everything; to who only reads they mean nothing."""
SETTING_KINDS: Final = ("output_format_", "input_format_", "date_time_", "cast_", "optimize_", "formatdatetime_")
REACHING: Final = ("path", "file", "schema", "url", "registry")
"""Parts of names of settings of those kinds that may lead to a file or a server."""


def is_free(setting: str) -> bool:
    """Whether a reader may give this setting any value that the engine takes."""
    return setting in SETTINGS | OF_WRITING or (
        setting.startswith(SETTING_KINDS) and not any(part in setting for part in REACHING)
    )


@dataclass(frozen=True)
class Function:
    """A row of `system.functions`."""

    name: str
    aggregate: bool
    alias_of: str
    category: str


class Catalogue:
    """What the engine has, and which of its functions a reader may call.

    `combinators` are suffixes of aggregate functions (If, Array, ...); `settings`, `databases` and `system_tables` are
    names.
    """

    def __init__(
        self, functions: Iterable[Function], combinators: Iterable[str], settings: Iterable[str],
        databases: Iterable[str], system_tables: Iterable[str],
    ) -> None:  # fmt: skip
        self.settings, self.databases = frozenset(settings), frozenset(databases)
        self.system_tables = frozenset(system_tables)
        self._combinators = tuple(combinators)
        functions = list(functions)
        by_name = {one.name: one for one in functions}
        self._allowed: dict[str, bool] = {}
        self._aggregates = {one.name.lower() for one in functions if one.aggregate}
        for one in functions:
            # A name counts in any case as the engine may be lenient: one spelling that is refused refuses all.
            key = one.name.lower()
            self._allowed[key] = self._allowed.get(key, True) and _is_allowed(by_name, one)

    def function(self, name: str) -> bool:
        """Whether a reader may call the function of that name; one the engine did not have when opened is refused."""
        key = name.lower()
        if key in SYNTAX:
            return True
        if (known := self._allowed.get(key)) is not None:
            return known
        return self._combined(name)

    def _combined(self, name: str) -> bool:
        """Whether it is an aggregate function with combinators behind its name, as sumIf and quantilesStateArray."""
        while name.lower() not in self._aggregates:
            suffix = next((one for one in self._combinators if name.endswith(one) and len(one) < len(name)), None)
            if suffix is None:
                return False
            name = name.removesuffix(suffix)
        return self._allowed[name.lower()]


def _is_allowed(known: Mapping[str, Function], one: Function) -> bool:
    target = known.get(one.alias_of, one) if one.alias_of else one
    return target.aggregate or target.category in CATEGORIES or target.name in NAMED
