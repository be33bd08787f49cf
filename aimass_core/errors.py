"""Every error the product raises on purpose.

::

    AimassError                 expected, came, todo
    ├── UserError               somebody can mend it without us
    │   ├── DataError           the data: unreadable file, wrong column, one-class target
    │   ├── SettingsError       a setting or argument: out of range, unknown name
    │   ├── NotFoundError       a dataset, run, model or decision that does not exist
    │   └── ConflictError       somebody else holds or changed it
    └── Fault                   ours: a promise of the program was broken
        └── JobError            a worker ended without a result

A message says what was expected, what came and what to do.
"""

from __future__ import annotations


class AimassError(Exception):
    """Base of all deliberate errors.

    Parameters
    ----------
    expected : what the program needed, as a full clause ("`income` must be numeric").
    came : what it got instead ("14 of 2,000 rows are text (first: row 37, 'n/a')").
    todo : what the person can do now ("Map 'n/a' to missing in Clean").
    """

    def __init__(self, expected: str, came: str = "", todo: str = "") -> None:
        self.expected = expected.rstrip(".; ")
        self.came = came.rstrip(". ")
        self.todo = todo.rstrip(". ")
        super().__init__(str(self))

    def __str__(self) -> str:
        text = self.expected + (f"; {self.came}" if self.came else "") + "."
        return f"{text} {self.todo}." if self.todo else text

    def __reduce__(self) -> tuple[type[AimassError], tuple[str, str, str]]:
        return type(self), (self.expected, self.came, self.todo)


class UserError(AimassError):
    """The data or the settings are at fault; the workspace is as it was."""


class DataError(UserError, ValueError):
    """The data does not fit: unreadable file, missing column, one-class target.

    Also a ``ValueError``, because that is what scikit-learn's tools expect an estimator to raise.
    """


class SettingsError(UserError):
    """A setting or an argument does not fit: out of range, unknown name, contradiction."""


class NotFoundError(UserError):
    """The named dataset, run, model, decision or file does not exist."""


class ConflictError(UserError):
    """Another process or person holds or has changed the thing."""


class Fault(AimassError):  # noqa: N818 — a fault is ours, an error is anyone's
    """A promise of the program itself was broken."""


class JobError(Fault):
    """A worker ended without a result (killed, out of memory, crashed)."""
