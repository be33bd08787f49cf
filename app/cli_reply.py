"""What a command answers: one JSON object or text, and an exit code that tells whose turn it is."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from aimass_core.errors import AimassError, UserError

OK, YOURS, USAGE, OURS, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: done, your data or settings, wrong use of the command, our fault, stopped by Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a command, for programs and for people."""

    data: dict[str, Any]
    text: str
    code: int = OK


def emit(reply: Reply, *, as_json: bool, out: TextIO) -> None:
    """Print an answer on standard output."""
    print(json_text(reply.data) if as_json else reply.text, file=out, flush=True)


def emit_error(error: AimassError, *, as_json: bool, out: TextIO) -> int:
    """Print an error, for a program on standard output, else on standard error; return the exit code."""
    code = YOURS if isinstance(error, UserError) else OURS
    details = {
        "type": type(error).__name__,
        "message": str(error),
        "expected": error.expected,
        "came": error.came,
        "todo": error.todo,
        "exit_code": code,
    }
    if as_json:
        print(json_text({"error": details}), file=out, flush=True)
    else:
        print(f"Error: {error}", file=sys.stderr, flush=True)
    return code


def emit_usage(message: str, *, as_json: bool, out: TextIO) -> int:
    """Print that a command was used wrongly; return the exit code."""
    if as_json:
        details = {"type": "UsageError", "message": message, "exit_code": USAGE}
        print(json_text({"error": details}), file=out, flush=True)
    else:
        print(f"Error: {message}", file=sys.stderr, flush=True)
    return USAGE


def emit_stopped(*, as_json: bool, out: TextIO) -> int:
    """Print that Ctrl-C stopped the command; return the exit code."""
    say("Stopped; nothing of what was under way is kept.")
    if as_json:
        details = {"type": "Stopped", "message": "Stopped by Ctrl-C.", "exit_code": INTERRUPTED}
        print(json_text({"error": details}), file=out, flush=True)
    return INTERRUPTED


def say(text: str) -> None:
    """Tell a person how it goes, on standard error."""
    print(text, file=sys.stderr, flush=True)


def json_text(value: Mapping[str, Any]) -> str:
    """Return one JSON object on one line; numbers that JSON has no word for become null."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, default=str)


def table(rows: Sequence[Sequence[str]], *, heads: Sequence[str]) -> str:
    """Return rows as aligned text; columns whose every value is a number stand to the right."""
    grid = [list(heads), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in grid) for i in range(len(heads))]
    right = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(heads))]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in grid
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def number(value: Any, digits: int = 4) -> str:
    """Return a measure as text; `n/a` when it is undefined."""
    return "n/a" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(",", "").replace(".", "").isdecimal() or text in ("n/a", "")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
