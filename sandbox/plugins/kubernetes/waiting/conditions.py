"""The annotation pulumi.com/waitFor: `condition=Ready`, `jsonpath={.status.phase}=Running`, or a JSON list of both."""

from __future__ import annotations

import json
from dataclasses import dataclass

import jsonpath

from sandbox.plugins.kubernetes.values import Tree
from sandbox.plugins.kubernetes.waiting.readiness import Missing, condition


class WaitForError(ValueError):
    """The annotation is not of a form that can be waited for."""


@dataclass(frozen=True)
class Expectation:
    """One thing to wait for."""

    kind: str
    subject: str
    """Name of the condition, or the JSONPath."""
    value: str | None
    """The expected text; None when being there is enough."""

    @staticmethod
    def parse(text: str) -> Expectation:
        """Raises WaitForError."""
        kind, _, rest = text.strip().partition("=")
        if kind == "condition" and rest:
            name, _, value = rest.partition("=")
            return Expectation("condition", name, value or "True")
        if kind == "jsonpath" and rest.startswith("{"):
            path, closed, value = rest[1:].rpartition("}")
            if closed and not value:
                return Expectation("jsonpath", _absolute(path), None)
            if closed and value.startswith("=") and len(value) > 1:
                return Expectation("jsonpath", _absolute(path), value[1:].strip("'\""))
        raise WaitForError(
            f"pulumi.com/waitFor: expected condition=<type>[=<status>] or jsonpath={{<path>}}[=<value>], got {text!r}"
        )

    def missing(self, tree: Tree) -> Missing:
        """What is missing in this object."""
        if self.kind == "condition":
            found = condition(tree, self.subject)
            if str(found.get("status")).lower() == str(self.value).lower():
                return None
            said = f" ({found.get('reason')}: {found.get('message')})" if found else ""
            return f"condition {self.subject} is {found.get('status', 'not there')}, not {self.value}{said}"
        values = jsonpath.findall(self.subject, tree)
        if self.value is None:
            return None if values else f"{self.subject} is not there"
        if any(_text(value) == self.value for value in values):
            return None
        return f"{self.subject} is {[_text(v) for v in values] or 'not there'}, not {self.value}"


def parse(text: str) -> list[Expectation]:
    """All that the annotation asks for.

    Raises WaitForError.
    """
    if text.lstrip().startswith("["):
        try:
            return [Expectation.parse(item) for item in json.loads(text)]
        except (ValueError, AttributeError) as error:
            raise WaitForError(f"pulumi.com/waitFor: expected a JSON list of texts, got {text!r}: {error}") from error
    return [Expectation.parse(text)]


def _absolute(path: str) -> str:
    absolute = path if path.startswith("$") else f"${path if path.startswith(('.', '[')) else '.' + path}"
    try:
        jsonpath.compile(absolute)
    except jsonpath.JSONPathError as error:
        raise WaitForError(f"pulumi.com/waitFor: {path!r} is not a JSONPath: {error}") from error
    return absolute


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
