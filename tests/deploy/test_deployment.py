"""What is shipped to run it: image, compose files, unit; `make docker-steps` tries the image."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from connector.config import Config
from connector.environment import ENVIRONMENT, environment_of
from tests.deploy.dockerfile import Step, stages_of

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE = [ROOT / "compose.yaml", ROOT / "deploy" / "engine" / "compose.yaml"]
UNIT = ROOT / "deploy" / "systemd" / "opensqt-connector.service"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )


@pytest.mark.skipif(
    not (BIN / "hadolint").exists(), reason="hadolint has no wheel for this machine"
)
def test_the_dockerfile_passes_its_linter() -> None:
    linted = run(str(BIN / "hadolint"), "Dockerfile")
    assert (linted.returncode, linted.stdout) == (0, "")


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    build, final = stages_of(ROOT / "Dockerfile")
    copied = [
        word
        for step in (*build, *final)
        if step.word == "COPY" and "--from" not in step.rest
        for word in step.words[:-1]
    ]
    assert len(copied) >= 6
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored, name


def test_the_image_runs_as_nobody_in_particular_and_checks_its_health() -> None:
    steps = stages_of(ROOT / "Dockerfile")[-1]
    user = steps.index(Step("USER", "10001"))
    assert "RUN" not in [step.word for step in steps[user:]], "nothing is installed as that user"
    (health,) = [step for step in steps if step.word == "HEALTHCHECK"]
    assert health.rest.endswith('CMD ["connector", "health"]')
    assert steps[-1] == Step("CMD", '["serve"]'), "on loopback, so that it starts without keys"


@pytest.mark.parametrize("path", COMPOSE, ids=str)
def test_a_compose_file_is_what_the_specification_allows(path: Path) -> None:
    checked = run(
        str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(path)
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


class Service(BaseModel):
    """What is looked at of a service."""

    environment: dict[str, str] = {}
    volumes: list[str] = []
    read_only: bool = False


class Compose(BaseModel):
    """A compose file."""

    services: dict[str, Service]


def services(path: Path) -> dict[str, Service]:
    return Compose.model_validate(yaml.safe_load(path.read_text())).services


@pytest.mark.parametrize("path", COMPOSE, ids=str)
def test_a_compose_file_configures_what_there_is(path: Path) -> None:
    (service,) = [each for name, each in services(path).items() if name.endswith("connector")]
    variables = {
        name: value.split(":-")[-1].rstrip("}") for name, value in service.environment.items()
    }

    told = Config.model_validate(environment_of(Config, variables))

    told.server.check_exposure()
    assert {"EXCHANGE", "API_KEY", "API_SECRET", "PASSPHRASE", "LOG_LEVEL"} <= variables.keys()
    assert told.exchange.embedded
    assert service.read_only
    assert any(volume.endswith(":/state") for volume in service.volumes)


def test_the_engines_own_names_are_all_in_its_example() -> None:
    text = COMPOSE[1].read_text()
    for name in (*ENVIRONMENT, "CONFIG_FILE"):
        assert f"{name}:" in text


def test_every_file_that_compose_mounts_is_there() -> None:
    made_by_the_user = {"./deploy/keys.toml"}
    mounted = {
        volume.split(":")[0]
        for service in services(COMPOSE[0]).values()
        for volume in service.volumes
        if volume.startswith("./")
    }
    missing = {path for path in mounted - made_by_the_user if not (ROOT / path).exists()}
    assert missing == set()


def test_the_unit_starts_what_is_installed_and_is_shut_off() -> None:
    unit = configparser.RawConfigParser(strict=False, allow_no_value=True)
    unit.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    assert service["ExecStart"].endswith("/bin/connector serve")
    for shut in ("NoNewPrivileges", "DynamicUser", "PrivateTmp", "ProtectHome"):
        assert service[shut] == "yes"
    assert service["ProtectSystem"] == "strict"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_finds_nothing_wrong_with_the_unit() -> None:
    checked = run("systemd-analyze", "verify", "--recursive-errors=no", str(UNIT))
    wrong = [line for line in checked.stderr.splitlines() if "is not executable" not in line]
    assert wrong == []
