"""What the question card says after a question was pressed: the choices that hold, the sentence, the figures below."""

from __future__ import annotations

import re
from dataclasses import replace

from streamlit.testing.v1 import AppTest

from tests.pages.experiment_checks import Seen

NAMED = re.compile(r"^\*\*([^*]+)\.\*\* ")


def named(page: AppTest) -> tuple[str, ...]:
    """The choices that the verdict names as measured; () where it says that nothing can be said yet."""
    found = NAMED.match(page.success[0].value)
    return apart(found.group(1)) if found else ()


def apart(said: str) -> tuple[str, ...]:
    """Choices that hold together, each with its capital again: what `stage.either` has joined."""
    return tuple(f"{one[0].upper()}{one[1:]}" if at else one for at, one in enumerate(said.split(" or ")))


def sentence(page: AppTest) -> str:
    """The verdict without them."""
    said: str = page.success[0].value
    return NAMED.sub("", said)


def figures(page: AppTest) -> str:
    """The further figures, which are folded away."""
    return " ".join(m.value for e in page.expander if e.label == "The figures" for m in e.markdown)


def whole(seen: Seen) -> Seen:
    """With the verdict's sentence and its figures as the answer."""
    return replace(seen, answer=f"{sentence(seen.page)} {figures(seen.page)}")


def holds(seen: Seen, *choices: str) -> None:
    """The verdict names these choices and no other."""
    assert named(seen.page) == choices, (seen.prediction, seen.page.success[0].value)
