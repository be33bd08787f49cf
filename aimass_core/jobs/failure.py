"""An error as JSON and back, so that it survives the way from a worker to a screen."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from aimass_core import errors
from aimass_core.errors import AimassError, DataError, JobError


def disk_full(error: BaseException) -> bool:
    """Tell whether an error, or one that it came from, says that the disk is full."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left on device" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def disk_full_error() -> DataError:
    """Return the error for a full disk."""
    return DataError(
        "the disk of the workspace must have room for the files of this job",
        "it is full",
        "Free some space and start the job again; nothing of it was kept",
    )


def explained(error: BaseException, *, where: str) -> AimassError:
    """Return a deliberate error for any exception.

    Parameters
    ----------
    where : what a person can quote to find the whole story, such as the path of a log.
    """
    if isinstance(error, AimassError):
        return error
    if disk_full(error):
        return disk_full_error()
    # torch has its own out-of-memory errors; on the CPU it is a plain RuntimeError with this text
    if (
        isinstance(error, MemoryError)
        or "out of memory" in str(error)
        or "can't allocate memory" in str(error)
    ):
        return DataError(
            "the job must fit into the memory of the machine",
            _first_line(error),
            "Use fewer rows or columns, a smaller batch or a smaller network",
        )
    return JobError(
        "the job must finish without an unexpected error",
        f"{type(error).__name__}: {_first_line(error)}",
        f"This is a fault of the program; {where} has the details",
    )


def to_json(error: AimassError) -> dict[str, str]:
    """Return an error as JSON: type, expected, came, todo."""
    return {
        "type": type(error).__name__,
        "expected": error.expected,
        "came": error.came,
        "todo": error.todo,
    }


def from_json(value: Mapping[str, str]) -> AimassError:
    """Return the error that :func:`to_json` wrote; a class this program does not know becomes a JobError."""
    kind = getattr(errors, value.get("type", ""), JobError)
    if not (isinstance(kind, type) and issubclass(kind, AimassError)):
        kind = JobError
    return kind(value.get("expected", ""), value.get("came", ""), value.get("todo", ""))


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no message"
