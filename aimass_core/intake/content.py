"""What a file is, by its first bytes: its format, compression and text encoding. Its name is not trusted."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Literal

from aimass_core.errors import DataError

Format = Literal["csv", "parquet", "excel"]
Compression = Literal["none", "gzip", "zip"]
Encoding = Literal["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "gb18030", "latin-1"]

_OTHER = (
    (b"%PDF", "a PDF document", "Export the table as CSV"),
    (b"\x89PNG", "a picture", "Choose the file that holds the table"),
    (b"\xff\xd8\xff", "a picture", "Choose the file that holds the table"),
    (b"\xd0\xcf\x11\xe0", "an Excel 97-2003 workbook (.xls)", "Save it as .xlsx or CSV"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it, or use gzip"),
    (b"Rar!", "a RAR archive", "Unpack it, or use gzip"),
    (b"BZh", "a bzip2 file", "Unpack it, or use gzip"),
    (b"\xfd7zXZ", "an xz file", "Unpack it, or use gzip"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "Unpack it, or use gzip"),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV"),
)
_HAN_PAIR = re.compile(rb"[\xa1-\xa9\xb0-\xf7][\xa1-\xfe]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MARKUP = re.compile(r"^\s*(<!doctype|<html|<\?xml|<table)", re.IGNORECASE)
_OBJECTS = re.compile(r'^\s*(\{\s*"|\[\s*[\[{])')


def format_of(path: Path) -> tuple[Format, Compression]:
    """Return the format and compression of a file.

    Raises
    ------
    DataError
        When it is empty, cannot be read, or holds something other than a table.
    """
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise DataError("the file must be readable", error.strerror or str(error)) from error
    if not head:
        raise DataError(
            "the file must hold a table", f"`{path.name}` is empty (0 bytes)", "Choose another file"
        )
    if head.startswith(b"\x1f\x8b"):
        return "csv", "gzip"
    if head.startswith(b"PAR1"):
        return "parquet", "none"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_format(path)
    for start, what, todo in _OTHER:
        if head.startswith(start):
            raise DataError(
                "the file must be CSV, TSV, Parquet or Excel (.xlsx)", f"`{path.name}` is {what}", todo
            )
    return "csv", "none"


def zip_members(path: Path) -> list[zipfile.ZipInfo]:
    """Return the files in a zip archive, without folders and the debris some systems add."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise DataError(
            "the zip archive must be whole", f"`{path.name}`: {error}", "Upload it again"
        ) from error
    return [m for m in members if not m.is_dir() and not m.filename.startswith("__MACOSX/")]


def _zip_format(path: Path) -> tuple[Format, Compression]:
    members = zip_members(path)
    names = {member.filename for member in members}
    if "xl/workbook.xml" in names:
        return "excel", "none"
    if "xl/workbook.bin" in names:
        raise DataError(
            "an Excel file must be .xlsx", f"`{path.name}` is a binary workbook (.xlsb)", "Save it as .xlsx"
        )
    if "content.xml" in names:
        raise DataError(
            "the file must be CSV, TSV, Parquet or Excel (.xlsx)",
            f"`{path.name}` is an OpenDocument file",
            "Save it as .xlsx or CSV",
        )
    if len(members) == 1:
        return "csv", "zip"
    listed = ", ".join(sorted(names)[:6]) + (", …" if len(names) > 6 else "")
    raise DataError(
        "a zip archive must hold exactly one table",
        f"`{path.name}` holds {len(members):,} files: {listed}" if members else f"`{path.name}` is empty",
        "Unpack it and import the files one by one",
    )


def encoding_of(head: bytes, *, whole: bool) -> Encoding:
    """Return the likely text encoding of these bytes.

    Byte order marks and the zero bytes of UTF-16 decide first, then whether the bytes are valid UTF-8, then
    whether the bytes above 127 come in the pairs of Chinese text (GB18030) or singly (Latin-1).

    Parameters
    ----------
    whole : whether the bytes are the whole file; otherwise the last character may be cut.
    """
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if head.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if head.startswith(b"\xfe\xff"):
        return "utf-16-be"
    even, odd = head[0::2], head[1::2]
    if len(head) >= 4:
        zero_even, zero_odd = even.count(0) / len(even), odd.count(0) / len(odd)
        if zero_odd > 0.3 and zero_even < 0.05:
            return "utf-16-le"
        if zero_even > 0.3 and zero_odd < 0.05:
            return "utf-16-be"
    if first_bad_byte(head, whole=whole) is None:
        return "utf-8"
    decoded = head.decode("utf-8", errors="replace")
    if decoded.count("\ufffd") <= 0.1 * sum(not c.isascii() for c in decoded):
        return "utf-8"  # with damage, which the reader will name by its line
    high = sum(byte > 127 for byte in head)
    paired = 2 * len(_HAN_PAIR.findall(head))
    if paired >= 0.8 * high and _decodes(head, "gb18030"):
        return "gb18030"
    return "latin-1"


def first_bad_byte(data: bytes, *, whole: bool) -> int | None:
    """Return the offset of the first byte that is not valid UTF-8, or None; a cut last character is valid."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = not whole and error.end >= len(data) and error.start >= len(data) - 3
        return None if cut else error.start
    return None


def check_is_text(text: str, name: str) -> None:
    """Refuse text that is plainly not a delimited table.

    Raises
    ------
    DataError
        For a web page, JSON, or bytes that are no text.
    """
    what = todo = ""
    if _MARKUP.match(text):
        what, todo = "a web page or XML", "Download the data itself, not the page about it"
    elif _OBJECTS.match(text):
        what, todo = "JSON", "Convert it to CSV or Parquet first"
    elif len(_CONTROLS.findall(text)) > len(text) // 100:
        what, todo = "binary data", "Choose the file that holds the table"
    if what:
        raise DataError(
            "the file must be CSV, TSV, Parquet or Excel (.xlsx)", f"`{name}` looks like {what}", todo
        )


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start >= len(data) - 4
    return True
