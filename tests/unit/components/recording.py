"""A record of what a piece of the program would register, made without an engine or a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi import Output
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks

SECRET = "4dabf18193072939515e22adb298388d"
"""Key by which Pulumi's protocol marks a special value; a secret's value lies under `value` beside it."""


@dataclass(frozen=True)
class Registered:
    """One resource that a program asked for."""

    type: str
    name: str
    urn: str
    parent: str
    """URN; empty when it has none."""
    inputs: dict[str, Any]
    """With secrets wrapped as in Pulumi's protocol: see `secret` and `plain`."""
    depends_on: frozenset[str]
    """URNs."""
    secret_outputs: frozenset[str]
    provider: str


@dataclass(frozen=True)
class Graph:
    """All of them, in order."""

    resources: tuple[Registered, ...]

    def one(self, kind: str, name: str | None = None) -> Registered:
        """The only resource whose type ends with `:kind` (and that has this name)."""
        found = [each for each in self.kind(kind) if name in (None, each.name)]
        assert len(found) == 1, f"expected one {kind} {name or ''}, got {[each.name for each in found]}"
        return found[0]

    def kind(self, kind: str) -> list[Registered]:
        """Those whose type ends with `:kind`."""
        return [each for each in self.resources if each.type.endswith(f":{kind}")]

    def named(self, name: str) -> Registered:
        """The only one of this name."""
        found = [each for each in self.resources if each.name == name]
        assert len(found) == 1, (
            f"expected one {name}, got {len(found)}; known: {[each.name for each in self.resources]}"
        )
        return found[0]


def secret(value: Any) -> bool:
    """Whether a recorded value is marked as a secret."""
    return isinstance(value, dict) and SECRET in value


def plain(value: Any) -> Any:
    """A recorded value without the marks."""
    if secret(value):
        return plain(value.get("value"))
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


class Answers(Mocks):
    """Every resource gets an id and the outputs that the program's own providers would make, as placeholders."""

    MADE = ("certificate", "revision", "readUsername")
    HIDDEN = ("value", "key", "readPassword")

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if not args.typ.startswith("pulumi-python:dynamic"):
            return f"{args.name}-id", args.inputs
        made = {key: f"<{args.name}.{key}>" for key in self.MADE}
        # The engine marks them by additionalSecretOutputs, which a mock is not told.
        hidden = {key: Output.secret(f"<{args.name}.{key}>") for key in self.HIDDEN}
        return f"{args.name}-id", {**args.inputs, **made, **hidden}

    def call(self, args: MockCallArgs) -> Any:
        return {}


class Recorder(MockMonitor):
    def __init__(self) -> None:
        super().__init__(Answers())
        self.seen: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - named by Pulumi's protocol
        answer = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            parent = "" if "::pulumi:pulumi:Stack::" in request.parent else request.parent
            self.seen.append(
                Registered(
                    request.type,
                    request.name,
                    answer.urn,
                    parent,
                    MessageToDict(request.object),
                    frozenset(request.dependencies),
                    frozenset(request.additionalSecretOutputs),
                    request.provider,
                )
            )
        return answer


def record(build: Callable[[], object]) -> Graph:
    """Run a piece of the program and give what it registered; raises what it raises."""
    recorder = Recorder()
    set_mocks(Answers(), project="cairn", stack="unit", preview=False, monitor=recorder)

    def program() -> None:
        build()

    pulumi.runtime.test(program)()
    return Graph(tuple(recorder.seen))
