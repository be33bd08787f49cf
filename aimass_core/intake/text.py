"""Planning how to read a delimited text file: encoding, dialect, names, types."""

from __future__ import annotations

import codecs
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from aimass_core.errors import DataError, SettingsError
from aimass_core.intake import csv_types, unpack
from aimass_core.intake.content import Compression, Encoding, check_is_text, encoding_of
from aimass_core.intake.csv_types import CsvPlan
from aimass_core.intake.dialect import Dialect, find
from aimass_core.intake.names import clean_names
from aimass_core.intake.parquet import check_width

if TYPE_CHECKING:
    from aimass_core.intake.readers import Limits, ReadOptions

_HEAD = 1 << 20
_PLAIN: frozenset[Encoding] = frozenset({"utf-8", "utf-8-sig"})


def look(path: Path, compression: Compression, options: ReadOptions, shown: str) -> tuple[Encoding, Dialect]:
    """Return encoding and dialect from the first megabyte of a file.

    Raises
    ------
    DataError
        When it holds no text, or no line ends within that megabyte.
    SettingsError
        When delimiter or quote is not one character.
    """
    delimiter = {"\\t": "\t", "tab": "\t", "space": " "}.get(options.delimiter, options.delimiter)
    for word, value in (("delimiter", delimiter), ("quote", options.quote)):
        if value != "auto" and len(value) != 1 and not (word == "quote" and value == ""):
            raise SettingsError(f"the {word} must be one character or auto", f"{value!r} came")
    data, whole = unpack.head(path, compression, _HEAD)
    encoding = encoding_of(data, whole=whole)
    if options.encoding == "utf-16":
        encoding = encoding if encoding.startswith("utf-16") else "utf-16-le"
    elif options.encoding != "auto":
        encoding = options.encoding
    codec = "cp1252" if encoding == "latin-1" else encoding
    text = data.decode(codec, errors="replace").removeprefix("\ufeff")
    check_is_text(text, shown)
    if not text.strip():
        raise DataError(
            "the file must hold a table", f"`{shown}` has only empty lines", "Choose another file"
        )
    if not whole and not any(end in text for end in "\r\n"):
        raise DataError(
            "the file must be a table of lines",
            f"`{shown}` has no line end in its first {_HEAD:,} bytes",
            "Choose the file that holds the table",
        )
    dialect = find(
        text,
        whole=whole,
        delimiter=None if delimiter == "auto" else delimiter,
        quote=None if options.quote == "auto" else options.quote,
        header=options.header,
        decimal=None if options.decimal == "auto" else options.decimal,
    )
    return encoding, dialect


def plan(
    path: Path,
    connection: duckdb.DuckDBPyConnection,
    *,
    shown: str,
    compression: Compression,
    options: ReadOptions,
    limits: Limits,
    scratch: Path,
    notes: tuple[str, ...],
) -> CsvPlan:
    """Return how to read a delimited file; see :func:`aimass_core.intake.readers.plan`."""
    encoding, dialect = look(path, compression, options, shown)
    check_width(len(dialect.names), limits.max_columns, shown)
    longest = 0
    if compression == "gzip":
        longest = unpack.check_unpacked(path, compression, max_bytes=limits.max_unpacked_bytes)
    names, renamed = clean_names(dialect.names)
    if dialect.skip:
        notes = (*notes, f"Skipped {dialect.skip} line(s) of prose before the table.")
    made = CsvPlan(
        path=path,
        shown=shown,
        compression=compression,
        encoding=encoding,
        encoding_found=options.encoding == "auto",
        max_unpacked=limits.max_unpacked_bytes,
        dialect=dialect,
        names=names,
        types=("VARCHAR",) * len(names),
        nulls=options.null_values,
        notes=(*notes, *renamed),
    )
    if encoding not in _PLAIN or compression == "zip":
        made = _copied(made, encoding, scratch)
    # DuckDB refuses a line beyond its buffers, but at the end of the file it drops it silently.
    if made.compression == "none":
        longest = unpack.last_line(made.path, at_most=csv_types.LONGEST_LINE)
    if longest > csv_types.LONGEST_LINE:
        which = "the last line" if made.compression == "none" else "a line"
        raise csv_types.too_long(f"{which} of `{shown}`")
    made = replace(made, long_lines=longest > csv_types.LINE_BYTES)
    typed = csv_types.typed(made, connection) or csv_types.typed(replace(made, long_lines=True), connection)
    if typed is not None:
        return typed
    return mended(replace(made, types=("BIGINT",) * len(names)), connection, scratch, notes=False)


def needs_copy(error: duckdb.Error, plan: CsvPlan) -> bool:
    """Whether a plain copy of the file may be read where the file itself could not."""
    text = str(error)
    return not plan.copied and ("state machine" in text or (plan.encoding_found and "unicode" in text))


def mended(
    plan: CsvPlan, connection: duckdb.DuckDBPyConnection, scratch: Path, *, notes: bool = True
) -> CsvPlan:
    """Return a plan that fits every row: other types, or a copy with even line ends or another encoding.

    Raises
    ------
    DataError
        When the file cannot be read to its end at all.
    """
    try:
        return csv_types.widened(plan, connection, notes=notes)
    except DataError as error:
        cause = error.__cause__
        if not isinstance(cause, duckdb.Error):
            raise
        if csv_types.has_long_line(cause, plan):
            return mended(replace(plan, long_lines=True), connection, scratch, notes=notes)
        if not needs_copy(cause, plan):
            raise
        encoding = plan.encoding if "state machine" in str(cause) else _later_encoding(plan)
        if encoding is None:
            raise
    copy = _copied(plan, encoding, scratch)
    return csv_types.widened(csv_types.typed(copy, connection) or copy, connection, notes=notes)


def _copied(plan: CsvPlan, encoding: Encoding, scratch: Path) -> CsvPlan:
    target = scratch / "plain.csv"
    unpack.plain_copy(plan.path, plan.compression, encoding, target, max_bytes=plan.max_unpacked)
    note = () if encoding in _PLAIN else (f"Read as {encoding.upper()}.",)
    return replace(
        plan, path=target, compression="none", encoding=encoding, copied=True, notes=(*plan.notes, *note)
    )


def _later_encoding(plan: CsvPlan) -> Encoding | None:
    """Return the encoding of a file whose beginning is plain ASCII; None where UTF-8 is merely damaged."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with unpack.opened(plan.path, plan.compression) as file:
        while chunk := file.read(_HEAD):
            try:
                ascii_only = decoder.decode(chunk).isascii()
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                window = error.object[max(error.start - 4_096, 0) : error.start + 65_536]
                return encoding_of(window, whole=True) if before.isascii() else None
            if not ascii_only:
                return None
    return None
