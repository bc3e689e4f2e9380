"""The file of a graph: all that it computes with lies in it, so that its hash covers the weights.

ONNX lets a tensor lie in another file (TensorProto, ``data_location`` EXTERNAL and ``external_data``). Such a model
would keep its hash when its weights change. Of the format only what leads to tensors is described here, by the numbers
of the fields in onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), which never change.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from neuroval.data.exceptions import InputError

PACKAGE: Final = "neuroval.onnx"
LARGEST: Final = 2**31 - 1  # bytes of a message of Protocol Buffers
EXTERNAL: Final = 1
# Message -> field -> its number and the message it holds; all of them are read as lists.
FIELDS: Final = {
    "Model": {"graph": (7, "Graph"), "training_info": (20, "Training"), "functions": (25, "Function")},
    "Training": {"initialization": (1, "Graph"), "algorithm": (2, "Graph")},
    "Function": {"node": (7, "Node"), "attribute_proto": (11, "Attribute")},
    "Graph": {"node": (1, "Node"), "initializer": (5, "Tensor"), "sparse_initializer": (15, "Sparse")},
    "Node": {"attribute": (5, "Attribute")},
    "Attribute": {
        "t": (5, "Tensor"),
        "g": (6, "Graph"),
        "tensors": (10, "Tensor"),
        "graphs": (11, "Graph"),
        "sparse_tensor": (22, "Sparse"),
        "sparse_tensors": (23, "Sparse"),
    },
    "Sparse": {"values": (1, "Tensor"), "indices": (2, "Tensor")},
    "Tensor": {"external_data": (13, "Entry")},
    "Entry": {},
}
TEXT, WHOLE, REAL, BYTES = (
    getattr(descriptor_pb2.FieldDescriptorProto, f"TYPE_{name}") for name in ("STRING", "INT64", "FLOAT", "BYTES")
)
# Message -> field -> its number, its type, and whether it is a list: what is not a message, and is looked at.
VALUES: Final = {
    "Node": {"input": (1, TEXT, True), "output": (2, TEXT, True), "op_type": (4, TEXT, False)},
    "Tensor": {
        "data_type": (2, WHOLE, False),
        "float_data": (4, REAL, True),
        "name": (8, TEXT, False),
        "raw_data": (9, BYTES, False),
        "data_location": (14, WHOLE, False),
    },
}


def check_self_contained(content: bytes, *, where: str) -> None:
    """Raise ``InputError`` unless all tensors of a graph lie in its own bytes."""
    for tensor in _tensors(parsed(content, where=where)):
        if tensor.data_location == EXTERNAL or len(tensor.external_data):
            raise InputError(
                f"{where}: its weights lie in another file, which the hash of the model does not cover; save it as one "
                "file (onnx.save_model with save_as_external_data=False)."
            )


def parsed(content: bytes, *, where: str) -> Any:
    """Return the message of a graph's bytes, with the fields described here; the others stay in it as they are.

    Raises ``InputError`` when the bytes are no ONNX file.
    """
    if len(content) > LARGEST:
        raise InputError(f"{where}: {len(content):,} bytes are no ONNX file; expected less than 2 GB.")
    model = _model()()
    try:
        model.ParseFromString(content)
    except DecodeError:
        raise InputError(f"{where}: not a readable ONNX file; copy the model again.") from None
    return model


def _tensors(message: Message) -> Iterator[Any]:
    waiting: list[Any] = [message]
    while waiting:
        message = waiting.pop()
        name = message.DESCRIPTOR.name
        if name == "Tensor":
            yield message
        else:
            waiting.extend(inner for field in FIELDS[name] for inner in getattr(message, field))


@cache
def _model() -> type[Message]:
    """Return the class of the messages that ``FIELDS`` and ``VALUES`` describe; other fields are passed over."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="neuroval_onnx.proto", package=PACKAGE, syntax="proto2")
    for message, known in FIELDS.items():
        described = file.message_type.add(name=message)
        for field, (number, holds) in known.items():
            described.field.add(
                name=field,
                number=number,
                label=kinds.LABEL_REPEATED,
                type=kinds.TYPE_MESSAGE,
                type_name=f".{PACKAGE}.{holds}",
            )
        for field, (number, kind, is_list) in VALUES.get(message, {}).items():
            label = kinds.LABEL_REPEATED if is_list else kinds.LABEL_OPTIONAL
            described.field.add(name=field, number=number, label=label, type=kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    model: type[Message] = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Model"))
    return model
