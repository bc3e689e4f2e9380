"""Nodes that are added to an ONNX graph: each gets a name of its own, and the name of what it gives is returned."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

# The nodes drafted here mean the same in every set of operators from this one on.
LEAST_OPSET = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Nodes and constants to be added, in order; ``prefix`` begins their names and those of no other."""

    prefix: str
    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of one output and return the name of that."""
        output = f"{self.prefix}/{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def floats(self, values: ArrayLike) -> str:
        """Add float32 values and return their name."""
        return self._constant(np.asarray(values, dtype=np.float32))

    def integers(self, *values: int) -> str:
        """Add a list of integers, such as a shape, and return its name."""
        return self._constant(np.asarray(values, dtype=np.int64))

    def scalar(self, value: int | bool) -> str:
        """Add one value without axes and return its name."""
        return self._constant(np.asarray(value))

    def reshaped(self, tensor: str, *shape: int) -> str:
        """Return ``tensor`` in another shape; -1 is the axis that is left, 0 one that stays."""
        return self.node("Reshape", tensor, self.integers(*shape))

    def named(self, tensor: str, name: str) -> None:
        """Give a tensor the name of an output."""
        self.nodes.append(helper.make_node("Identity", [tensor], [name], name=f"{self.prefix}/{name}"))

    def copied(self, nodes: Iterable[NodeProto], renamed: dict[str, str], *, under: str) -> None:
        """Add copies of nodes, named below ``under``; ``renamed`` says what they read, and then what they give."""
        for node in nodes:
            copy = NodeProto()
            copy.CopyFrom(node)
            copy.name = f"{under}/{node.name or node.output[0]}"
            del copy.input[:], copy.output[:]
            copy.input.extend(renamed.get(name, name) for name in node.input)
            renamed |= {name: f"{under}/{name}" for name in node.output if name}
            copy.output.extend(renamed.get(name, name) for name in node.output)
            self.nodes.append(copy)

    def into(self, graph: GraphProto) -> None:
        """Append all to a graph that holds what they need."""
        graph.node.extend(self.nodes)
        graph.initializer.extend(self.constants)

    def _constant(self, values: Any) -> str:
        name = f"{self.prefix}/constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name
