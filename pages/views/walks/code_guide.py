"""What the pieces of *As Python* stand for on the Walks page."""

from __future__ import annotations

from pages.kit.code_lines import Guide, Stands

GUIDE: Guide = {
    "current, previous =": Stands(controls=("previous",)),
    "transition_probabilities(": Stands("the edges of the next step, as thick as their chances", ("microscope",)),
    "generate_walks(": Stands("one walk, and how far 1,000 of them get", ("replay", "profile")),
    "exact_visits(": Stands("the bars of the closed form", ("visits",)),
    "compare_visits(": Stands("the walks beside these bars", ("visits",), ("check",)),
}
