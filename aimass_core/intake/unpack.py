"""Reading a file's bytes as a stream: digest, size after unpacking, and a plain UTF-8 copy where needed."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import IO, cast

from aimass_core.errors import DataError, Fault
from aimass_core.intake.content import Compression, Encoding, zip_members

_CHUNK = 1 << 20


class Digest:
    """SHA-256 and size of a file, computed in a thread beside the import."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._error: OSError | None = None
        self._sha256 = hashlib.sha256()
        self.bytes = 0
        self._thread = Thread(target=self._run, name="digest", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._path.open("rb", buffering=0) as file:
                while chunk := file.read(_CHUNK):
                    self._sha256.update(chunk)
                    self.bytes += len(chunk)
        except OSError as error:
            self._error = error

    def result(self) -> tuple[str, int]:
        """Wait for the end; return the digest in hexadecimal and the bytes read.

        Raises
        ------
        DataError
            When the file could not be read to its end.
        """
        self._thread.join()
        if self._error:
            raise DataError("the file must be readable", str(self._error), "Upload it again") from self._error
        return self._sha256.hexdigest(), self.bytes


@contextmanager
def opened(path: Path, compression: Compression) -> Iterator[IO[bytes]]:
    """Open a file for reading its unpacked bytes."""
    try:
        if compression == "gzip":
            with gzip.open(path, "rb") as unpacked:
                yield cast("IO[bytes]", unpacked)
        elif compression == "zip":
            member = zip_members(path)[0]
            with closing(zipfile.ZipFile(path)) as archive, archive.open(member) as unpacked:
                yield unpacked
        else:
            with path.open("rb") as plain:
                yield plain
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(
            "a compressed file must be whole", f"`{path.name}`: {error}", "Compress or upload it again"
        ) from error
    except RuntimeError as error:  # what zipfile raises for a password
        raise DataError(
            "a zip archive must not be locked", f"`{path.name}`: {error}", "Unpack it first"
        ) from error


def head(path: Path, compression: Compression, size: int) -> tuple[bytes, bool]:
    """Return the first unpacked bytes and whether they are the whole file."""
    with opened(path, compression) as file:
        data = file.read(size + 1)
    return data[:size], len(data) <= size


def check_unpacked(path: Path, compression: Compression, *, max_bytes: int) -> int:
    """Unpack a compressed file to nowhere, so that a bomb is found before anything is written.

    Returns the bytes of its longest line, where that is longer than 1 MB; else 1 MB at most.

    Raises
    ------
    DataError
        When it unpacks beyond the limit or is damaged.
    """
    total = longest = unended = 0
    with opened(path, compression) as file:
        while chunk := file.read(_CHUNK):
            total += len(chunk)
            if total > max_bytes:
                raise too_large(path, max_bytes)
            end = b"\n" if b"\n" in chunk else b"\r"
            first = chunk.find(end)
            longest = max(longest, unended + (len(chunk) if first < 0 else first))
            unended = unended + len(chunk) if first < 0 else len(chunk) - chunk.rfind(end) - 1
    return longest


def last_line(path: Path, *, at_most: int) -> int:
    """Return the bytes of the last line of a plain file; any number above ``at_most`` where it is longer."""
    size = path.stat().st_size
    with path.open("rb") as file:
        window = 1 << 16
        while True:
            file.seek(max(size - window, 0))
            data = file.read().rstrip(b"\r\n")
            length = len(data) - 1 - max(data.rfind(b"\n"), data.rfind(b"\r"))
            if length < len(data) or window >= size or length > at_most:
                return length
            window *= 8


def too_large(path: Path, max_bytes: int) -> DataError:
    """Return the error of a file that unpacks beyond the limit."""
    return DataError(
        f"a compressed file must unpack to at most {max_bytes / 1e6:,.0f} MB",
        f"`{path.name}` ({path.stat().st_size / 1e6:,.1f} MB) unpacks to more",
        "If the file is genuine, raise AIMASS_MAX_UNPACKED_MB",
    )


def plain_copy(
    path: Path, compression: Compression, encoding: Encoding, target: Path, *, max_bytes: int
) -> None:
    """Write the file unpacked, as UTF-8, with line feeds as the only line ends.

    Raises
    ------
    DataError
        When a character is not of the encoding, the size limit is passed, or the disk is full.
    """
    decoder = codecs.getincrementaldecoder(_codec(encoding))(errors=_errors(encoding))
    done = written = 0
    pending_return = False
    try:
        with opened(path, compression) as source, target.open("wb") as out:
            while True:
                chunk = source.read(_CHUNK)
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    raise _not_of(path, encoding, done + error.start) from error
                done += len(chunk)
                if done == len(chunk):
                    text = text.removeprefix("\ufeff")
                if pending_return:
                    text = "\r" + text
                pending_return = text.endswith("\r") and bool(chunk)
                if pending_return:
                    text = text[:-1]
                data = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", errors="replace")
                written += len(data)
                if written > max_bytes:
                    raise too_large(path, max_bytes)
                out.write(data)
                if not chunk:
                    return
    except OSError as error:
        target.unlink(missing_ok=True)
        raise DataError(
            "the workspace must have room on its disk",
            error.strerror or str(error),
            "Free some space; nothing of this import was kept",
        ) from error


def _not_of(path: Path, encoding: Encoding, offset: int) -> DataError:
    return DataError(
        f"every character of `{path.name}` must be {encoding.upper()}",
        f"byte {offset:,} is not",
        "Choose another encoding in the import options",
    )


def _codec(encoding: Encoding) -> str:
    return {"utf-8-sig": "utf-8", "latin-1": "cp1252"}.get(encoding, encoding)


def _errors(encoding: Encoding) -> str:
    return _LATIN_1 if encoding == "latin-1" else "strict"


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """Read the five bytes that Windows-1252 leaves undefined as Latin-1 does."""
    if not isinstance(error, UnicodeDecodeError):
        raise Fault("only decoding may ask for Latin-1") from error
    return error.object[error.start : error.end].decode("latin-1"), error.end


_LATIN_1 = "aimass-latin-1"
codecs.register_error(_LATIN_1, _as_latin_1)
