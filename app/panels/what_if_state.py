"""What was tried on one case: the present changes and a version that was kept, for one session."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from aimass_core.workflows.case import Case
from aimass_core.workflows.what_if import Control, Value, same

_KEY = "whatif"
_MOST = 16
"""Cases whose changes a session remembers."""


@dataclass(slots=True)
class Trial:
    """The changes that stand now, and those kept as version A; by feature."""

    case: str
    changes: dict[str, Value] = field(default_factory=dict)
    kept: dict[str, Value] | None = None

    def put(self, control: Control, value: Value) -> None:
        """Change a feature; its own value again is no change."""
        if same(value, control.start):
            self.changes.pop(control.column.name, None)
        else:
            self.changes[control.column.name] = value

    def value(self, control: Control) -> Value:
        """Return what a feature is set to."""
        return self.changes.get(control.column.name, control.start)

    def reset(self, name: str | None = None) -> None:
        """Take one change back, or all."""
        for changed in [name] if name is not None else list(self.changes):
            self.changes.pop(changed, None)

    def keep(self) -> None:
        """Keep the present changes as version A; they stand, to go on from."""
        self.kept = dict(self.changes)

    def back(self) -> None:
        """Make version A the present one again."""
        self.changes = dict(self.kept or {})

    def drop(self) -> None:
        """Forget version A."""
        self.kept = None


def of(case: Case) -> Trial:
    """Return what this session tried on a case so far."""
    name = f"{case.run_id}.{case.decision_id or case.row_id}"
    known: dict[str, Trial] = st.session_state.setdefault(_KEY, {})
    trial = known.pop(name, None) or Trial(name)
    known[name] = trial  # last used, last forgotten
    while len(known) > _MOST:
        del known[next(iter(known))]
    return trial
