"""Clean: edit a recipe, see exactly what it does, keep it as the next version."""

from __future__ import annotations

from app import state, ui
from app.boundary import boundary
from app.context import workspace
from app.panels import clean_effect, clean_result, recipe_editor

ui.header("clean")
ws = workspace()
version = state.pick_version(ws)
if version is None:
    ui.empty(
        "There is no data set to clean.",
        "Import a file first; its findings then suggest a recipe.",
        page="data",
        label="Import a file",
    )
else:
    recipe = recipe_editor.editor(ws, version)
    if recipe.repairs or recipe.steps:
        with boundary():
            clean_effect.effect(ws, version, recipe)
        clean_result.keep(ws, version, recipe)
    clean_result.take_away(ws, version)
