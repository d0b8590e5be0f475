"""Reads a Dockerfile and does what its last stage does, without a container engine."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field


@dataclass
class Stage:
    """A stage of a Dockerfile: its name, its image, and its instructions in order."""

    image: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        """Return the arguments of all instructions of a kind."""
        return [argument for name, argument in self.steps if name == instruction]

    def only(self, instruction: str) -> str:
        """Return the argument of the only instruction of a kind."""
        (argument,) = self.all(instruction)
        return argument

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the stage sets."""
        return dict(word.split("=", 1) for argument in self.all("ENV") for word in shlex.split(argument))


def stages(text: str) -> list[Stage]:
    """Parse a Dockerfile whose instructions are of the usual form; raise ValueError for anything else."""
    joined = re.sub(r"\\\n\s*", "", text)
    found: list[Stage] = []
    for line in joined.splitlines():
        if not line or line.startswith("#"):
            continue
        instruction, _, argument = line.partition(" ")
        if not re.fullmatch("FROM|RUN|COPY|ENV|USER|WORKDIR|EXPOSE|STOPSIGNAL|HEALTHCHECK|CMD", instruction):
            raise ValueError(f"unknown instruction {line!r}")
        if instruction == "FROM":
            image, _, name = argument.partition(" AS ")
            found.append(Stage(image, name))
        else:
            found[-1].steps.append((instruction, argument.strip()))
    return found


def command(stage: Stage) -> list[str]:
    """Return the command that the container runs, in its JSON form: a shell would not pass signals on."""
    words = json.loads(stage.only("CMD"))
    assert isinstance(words, list)
    return words
