"""Each RPC: what the contract says of it, and an example in Go and in Python."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PROTO = ROOT / "proto" / "opensqt" / "market_maker" / "v1" / "exchange.proto"
PYTHON = ROOT / "examples" / "every_call.py"
GO = ROOT / "conformance" / "examples" / "calls.go"

_RPC = re.compile(r"((?:^  //.*\n)+)^  rpc (\w+)\((\w+)\) returns \((stream )?(\w+)\);", re.M)


class Call(NamedTuple):
    """An RPC as it is written in the contract."""

    name: str
    request: str
    answer: str
    streams: bool
    about: str


def calls() -> str:
    """Write a chapter for each RPC, questions first."""
    python, go = python_examples(), go_examples()
    contract = contract_calls()
    parts: list[str] = []
    for title, wanted in (("Questions and orders", False), ("Streams", True)):
        parts += [f"## {title}", ""]
        for call in (each for each in contract if each.streams is wanted):
            parts.append(_chapter(call, python[call.name], go[call.name]))
    return "\n".join(parts)


def contract_calls() -> list[Call]:
    """Read the service's RPCs with their comments."""
    return [
        Call(found[2], found[3], found[5], bool(found[4]), _prose(found[1]))
        for found in _RPC.finditer(PROTO.read_text())
    ]


def python_examples() -> dict[str, str]:
    """Give each function of the Python example by its RPC's name (`get_name` is GetName's)."""
    text = PYTHON.read_text()
    found = [node for node in ast.parse(text).body if isinstance(node, ast.AsyncFunctionDef)]
    return {
        "".join(word.title() for word in node.name.split("_")): ast.get_source_segment(text, node)
        or ""
        for node in found
    }


def go_examples() -> dict[str, str]:
    """Give each function of the Go example by its RPC's name (`getName` is GetName's)."""
    found = re.findall(r"^func (\w)(\w+)\((?:.*\n)+?^}", GO.read_text(), re.M)
    whole = re.finditer(r"^func (?:\w+)\((?:.*\n)+?^}", GO.read_text(), re.M)
    return {f"{a.upper()}{b}": each[0] for (a, b), each in zip(found, whole, strict=True)}


def _chapter(call: Call, python: str, go: str) -> str:
    stream = "stream " if call.streams else ""
    tabs = "".join(
        f'=== "{title}"\n\n    ```{language}\n{_indented(code)}\n    ```\n\n'
        for title, language, code in (("Go", "go", go), ("Python", "python", python))
    )
    return (
        f"### {call.name}\n\n`{call.request}` → `{stream}{call.answer}`\n\n{call.about}\n\n{tabs}"
    )


def _indented(code: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in code.replace("\t", "    ").splitlines())


def _prose(comment: str) -> str:
    return " ".join(line.strip().removeprefix("//").strip() for line in comment.splitlines())
