"""The views of Decisions, as they are named on the page and in the address (`?view=Policy`)."""

from __future__ import annotations

VIEW = "view"
ONE = "Decide one"
FILE = "Decide a file"
POLICY = "Policy"
FIND = "Find and replay"
