"""The folder of one job: the only thing that a server and a worker share.

::

    jobs/<id>/spec.json        what to do, written by the server
              input/           what `prepare` wrote; deleted when the job ends
              worker.json      which process works on it; its making is the claim
              progress.jsonl   one message a line, written by the worker
              log.txt          standard output and error of the worker
              output/          what `compute` wrote
              outcome.json     how it ended, written last and all at once
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aimass_core.errors import JobError
from aimass_core.jobs.progress import Progress


class JobFolder:
    """Paths and small files of one job."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def input(self) -> Path:
        """Folder of what `prepare` wrote."""
        return self.path / "input"

    @property
    def output(self) -> Path:
        """Folder of what `compute` wrote."""
        return self.path / "output"

    @property
    def log(self) -> Path:
        """Standard output and error of the worker."""
        return self.path / "log.txt"

    @property
    def progress(self) -> Path:
        """Messages of the worker, one JSON object a line."""
        return self.path / "progress.jsonl"

    def make(self, spec: dict[str, Any]) -> None:
        """Make the folder anew with empty input and output and this spec."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.input.mkdir(parents=True)
        self.output.mkdir()
        write_atomically(self.path / "spec.json", json.dumps(spec, indent=1, ensure_ascii=False))

    def spec(self) -> dict[str, Any]:
        """Return what the server wrote for the worker."""
        found: dict[str, Any] = json.loads((self.path / "spec.json").read_text("utf-8"))
        return found

    def claim(self, *, pid: int, started: float) -> bool:
        """Make this process the one worker of the job; False when another was first.

        Parameters
        ----------
        started : when the process began, in seconds since 1970.
        """
        draft = self.path / f"worker.{pid}.tmp"
        draft.write_text(json.dumps({"pid": pid, "started": started}), "utf-8")
        try:
            os.link(draft, self.path / "worker.json")  # whole and exclusive in one step
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True

    def claimed_by(self) -> tuple[int, float] | None:
        """Return the process id and start of the worker, or None while there is none."""
        found = _read(self.path / "worker.json")
        return (int(found["pid"]), float(found["started"])) if found else None

    def outcome(self) -> dict[str, Any] | None:
        """Return how the worker ended, or None when it has not said."""
        return _read(self.path / "outcome.json")

    def end(self, outcome: dict[str, Any]) -> None:
        """Write how the worker ended."""
        write_atomically(self.path / "outcome.json", json.dumps(outcome, ensure_ascii=False))

    def last_words(self) -> str:
        """Return the last line of the log that is not empty, at most 300 characters."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
                lines = file.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")

    def clear(self, *, output: bool) -> None:
        """Delete what an ended job no longer needs: its input and, if it made nothing, its output."""
        shutil.rmtree(self.input, ignore_errors=True)
        if output:
            shutil.rmtree(self.output, ignore_errors=True)


class ProgressReader:
    """Reads the messages of a worker as they come, each once, whatever has been written of the last line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.history: list[Progress] = []

    def read(self) -> list[Progress]:
        """Return the messages since the last call."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._offset:  # the job was begun anew
                    self._offset = 0
                    self.history.clear()
                file.seek(self._offset)
                block = file.read()
        except FileNotFoundError:
            return []
        whole = block[: block.rfind(b"\n") + 1]  # the rest is a line still being written
        self._offset += len(whole)
        fresh = [found for line in whole.splitlines() if (found := _message(line)) is not None]
        self.history.extend(fresh)
        return fresh


def write_atomically(path: Path, text: str) -> None:
    """Write a small file so that a reader, even after a crash, sees all of it or none."""
    draft = path.with_name(path.name + ".tmp")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise JobError(f"{path.name} of job {path.parent.name} must be JSON", str(error)) from error
    if not isinstance(found, dict):
        raise JobError(f"{path.name} of job {path.parent.name} must be a JSON object")
    return found


def _message(line: bytes) -> Progress | None:
    try:
        return Progress.model_validate_json(line)
    except ValidationError:
        return None  # a line torn by a crash or a full disk tells nothing; the next one does
