"""A Dockerfile as steps that can be tried without a container engine."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One instruction: its word, in capitals, and what stands after it."""

    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The words of what stands after it: of the exec form, or split as a shell would."""
        if self.rest.startswith("["):
            return list(json.loads(self.rest))
        return shlex.split(self.rest)


def stages_of(path: Path) -> list[list[Step]]:
    """Give the steps of each stage, its FROM first."""
    text = re.sub(r"\\\n", " ", path.read_text())
    stages: list[list[Step]] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        word, _, rest = line.strip().partition(" ")
        step = Step(word.upper(), rest.strip())
        if step.word == "FROM":
            stages.append([])
        stages[-1].append(step)
    return stages
