"""How outcomes of a policy look: a tone each, which goes with its word and never stands alone."""

from __future__ import annotations

from app.ui import Tone

TONES: dict[str, Tone] = {
    "approve": "good",
    "allow": "good",
    "refer": "middle",
    "challenge": "middle",
    "decline": "bad",
    "block": "bad",
}
