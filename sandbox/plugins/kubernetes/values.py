"""Properties as the engine sends them, as plain Python data with two additions: secrets and values not yet known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

Tree = dict[str, Any]
"""A Kubernetes object, or a part of it."""

SIGNATURE: Final = rpc._special_sig_key
SECRET_SIGNATURE: Final = rpc._special_secret_sig
OUTPUT_SIGNATURE: Final = rpc._special_output_value_sig


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in its state and hides in what it prints."""

    value: Any


class Unknown:
    """A value that exists only after an update."""

    def __repr__(self) -> str:
        return "<not known yet>"


UNKNOWN: Final = Unknown()

# The engine has one placeholder for each type of value; nothing here depends on which.
UNKNOWN_STRINGS: Final = frozenset(
    {
        rpc.UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


def decode(struct: struct_pb2.Struct) -> Tree:
    """Python data of a message; leaves out nulls, as Kubernetes takes them for absent."""
    decoded = {key: _decode(value) for key, value in struct.fields.items()}
    return {key: value for key, value in decoded.items() if value is not None}


def _decode(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_STRINGS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _decode_struct(value.struct_value)
    return None


def _decode_struct(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields[SIGNATURE].string_value if SIGNATURE in struct.fields else None
    if signature is None:
        return decode(struct)
    if signature == SECRET_SIGNATURE:
        return Secret(_decode(struct.fields["value"]))
    if signature == OUTPUT_SIGNATURE:
        inner = _decode(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
        return Secret(inner) if struct.fields["secret"].bool_value else inner
    return decode(struct)


def encode(tree: Tree) -> struct_pb2.Struct:
    """The message of Python data."""
    struct = struct_pb2.Struct()
    for key, value in tree.items():
        _encode(value, struct.fields[key])
    return struct


def _encode(value: Any, into: struct_pb2.Value) -> None:
    if value is None:
        into.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, int | float):
        into.number_value = value
    elif isinstance(value, str):
        into.string_value = value
    elif isinstance(value, dict):
        into.struct_value.SetInParent()
        for key, item in value.items():
            _encode(item, into.struct_value.fields[key])
    elif isinstance(value, list):
        into.list_value.SetInParent()
        for item in value:
            _encode(item, into.list_value.values.add())
    elif isinstance(value, Secret):
        fields = into.struct_value.fields
        fields[SIGNATURE].string_value = SECRET_SIGNATURE
        _encode(value.value, fields["value"])
    elif value is UNKNOWN:
        into.string_value = rpc.UNKNOWN
    else:
        raise TypeError(f"expected JSON data, got {type(value).__name__}")


def plain(value: Any) -> Any:
    """The same data without the marks of secrets, as the API server takes it."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether anything in it is not known before an update."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def mark_secrets(outputs: Any, inputs: Any) -> Any:
    """Outputs with a secret wherever the inputs have one at the same place."""
    if isinstance(inputs, Secret):
        return outputs if isinstance(outputs, Secret) else Secret(plain(outputs))
    if isinstance(inputs, dict) and isinstance(outputs, dict):
        return {key: mark_secrets(item, inputs.get(key)) for key, item in outputs.items()}
    if isinstance(inputs, list) and isinstance(outputs, list):
        if len(inputs) != len(outputs) and has_secret(inputs):
            return Secret(plain(outputs))  # Which element is which cannot be told: better too secret than shown.
        return [mark_secrets(item, inputs[i] if i < len(inputs) else None) for i, item in enumerate(outputs)]
    return outputs


def has_secret(value: Any) -> bool:
    """Whether anything in it is marked as a secret."""
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(has_secret(item) for item in value)
    return isinstance(value, Secret)
