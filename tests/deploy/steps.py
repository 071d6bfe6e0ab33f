"""Try the Dockerfile's steps here: `python -m tests.deploy.steps FOLDER`.

Each stage gets a folder and a fresh virtual environment of its own, where COPY copies and RUN runs;
the image's absolute paths are moved below the folder. `useradd` alone is left out: it would change
this machine. The result is asked what it is and served once. Bounded: 10 minutes a command.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

from tests.deploy.dockerfile import Step, stages_of

ROOT = Path(__file__).parents[2]
MOVED = ("/src", "/dist", "/tmp", "/state")
COMMAND_S = 600


def main(folder: Path) -> None:
    """Try every step; raise at the first that fails."""
    stages = stages_of(ROOT / "Dockerfile")
    homes = [Stage(folder / f"stage{number}") for number, _ in enumerate(stages)]
    names = {steps[0].words[2]: home for steps, home in zip(stages, homes, strict=True)
             if len(steps[0].words) == 3}  # fmt: skip
    for home, steps in zip(homes, stages, strict=True):
        for step in steps:
            home.take(step, names)
    homes[-1].serve()
    print("every step ran, and what came out of them serves")


class Stage:
    """A stage of the image: a root folder, an environment, and where it works."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.env = root / "venv"
        venv.create(self.env, with_pip=True)
        self.workdir = root
        self.variables = {"PATH": f"{self.env / 'bin'}:{os.environ['PATH']}", "HOME": str(root)}

    def moved(self, text: str) -> str:
        """Give a text with the image's absolute paths below the root."""
        words = [
            str(self.root / word.lstrip("/")) if word.startswith(MOVED) else word
            for word in text.split(" ")
        ]
        return " ".join(words)

    def take(self, step: Step, names: dict[str, "Stage"]) -> None:
        """Do what a step says."""
        match step.word:
            case "WORKDIR":
                self.workdir = Path(self.moved(step.rest))
                self.workdir.mkdir(parents=True, exist_ok=True)
            case "COPY":
                self._copy(step.words, names)
            case "RUN":
                print(f"  RUN {step.rest}", flush=True)
                commands = [each for each in step.rest.split("&&") if " useradd " not in each]
                self._run(["sh", "-ec", self.moved(" && ".join(commands))])
            case "ENV":
                for word in step.words:
                    name, _, value = word.partition("=")
                    self.variables[name] = self.moved(value)
            case "FROM" | "USER" | "VOLUME" | "EXPOSE" | "HEALTHCHECK" | "CMD":
                pass
            case "ENTRYPOINT":
                self._run([*step.words, "--help"])
            case _:
                raise SystemExit(f"{step.word}: nobody knows here how to try this")

    def _copy(self, words: list[str], names: dict[str, "Stage"]) -> None:
        source = ROOT
        if words[0].startswith("--from="):
            source = names[words.pop(0).removeprefix("--from=")].root
        target = Path(self.moved(words[-1]))
        target = target if target.is_absolute() else self.workdir / target
        for word in words[:-1]:
            path = source / word.lstrip("/")
            into = target / path.name if words[-1].endswith("/") else target
            into.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, into)

    def _run(self, command: list[str]) -> None:
        subprocess.run(
            command, cwd=self.workdir, env=self.variables, check=True, timeout=COMMAND_S,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def serve(self) -> None:
        """Serve the embedded exchange once, ask for its health as HEALTHCHECK does, and stop it."""
        variables = self.variables | {"PORT": "0", "CONNECTOR_METRICS__PORT": "0"}
        process = subprocess.Popen(
            ["connector", "serve"], cwd=self.workdir, env=variables, text=True,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit("connector serve said nothing and ended")
            told = json.loads(line)
            self._run(["connector", "health", "--address", f"127.0.0.1:{told['port']}"])
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(10)
        if status != 0:
            raise SystemExit(f"connector serve ended with status {status}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
