"""What an ONNX graph may hold before any runtime opens it. Needs neither onnx nor onnxruntime.

One file with its weights inside, standard operators, no functions and no control flow: everything
that our exports are, and nothing of what past attacks used (paths of external data, libraries of
custom operators, recursion). Field numbers: onnx.proto3 of github.com/onnx/onnx.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from workers.sam.checkpoints.errors import CheckpointError
from workers.sam.checkpoints.wire import Damaged, Piece

DOMAINS = {"", "ai.onnx"}
MOST_BYTES = (1 << 31) - 1  # of a protocol buffer
MOST_NODES = 50_000

MODEL_GRAPH, MODEL_OPSET, MODEL_TRAINING, MODEL_FUNCTIONS = 7, 8, 20, 25
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_SPARSE, GRAPH_INPUT, GRAPH_OUTPUT = 1, 5, 15, 11, 12
NODE_TYPE, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
ATTRIBUTE_TENSOR, ATTRIBUTE_GRAPH, ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS = 5, 6, 10, 11
ATTRIBUTE_SPARSE = (22, 23)
TENSOR_EXTERNAL, TENSOR_LOCATION = 13, 14
VALUE_NAME = 1


def check_graph(path: Path) -> tuple[list[str], list[str]]:
    """Look through an ONNX file; returns the names of its inputs and outputs.

    Raises CheckpointError with one sentence that names the file and what is in it.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise CheckpointError(f"{path.name} is larger than 2 GB, more than an ONNX file can be.")
    if size == 0:
        raise CheckpointError(f"{path.name} is empty.")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return _model(Piece(data, 0, size), path.name)
        except Damaged:
            raise CheckpointError(f"{path.name} is damaged or no ONNX file.") from None


def _model(model: Piece, name: str) -> tuple[list[str], list[str]]:
    graph: Piece | None = None
    opsets = 0
    for number, value in model.fields():
        if number in (MODEL_FUNCTIONS, MODEL_TRAINING):
            raise CheckpointError(f"{name} defines functions of its own, which are not taken.")
        if number == MODEL_GRAPH and isinstance(value, Piece):
            if graph is not None:
                raise Damaged("two graphs")
            graph = value
        opsets += number == MODEL_OPSET
    if graph is None or not opsets:
        raise Damaged("no graph")
    return _graph(graph, name)


def _graph(graph: Piece, name: str) -> tuple[list[str], list[str]]:
    inputs, outputs, weights = [], [], set()
    nodes = 0
    for number, value in _pieces(graph):
        if number == GRAPH_NODE:
            nodes += 1
            if nodes > MOST_NODES:
                raise CheckpointError(f"{name} has more than {MOST_NODES} operators.")
            _node(value, name)
        elif number == GRAPH_INITIALIZER:
            weights.add(_tensor(value, name))
        elif number == GRAPH_SPARSE:
            raise CheckpointError(f"{name} holds sparse weights, which are not taken.")
        elif number == GRAPH_INPUT:
            inputs.append(_name(value, VALUE_NAME))
        elif number == GRAPH_OUTPUT:
            outputs.append(_name(value, VALUE_NAME))
    if not nodes:
        raise Damaged("no operators")
    return [each for each in inputs if each not in weights], outputs


def _node(node: Piece, name: str) -> None:
    kind, domain = _name(node, NODE_TYPE), _name(node, NODE_DOMAIN)
    if domain not in DOMAINS:
        raise CheckpointError(f"{name} needs the custom operator {_shown(f'{domain}.{kind}')}.")
    for number, attribute in _pieces(node):
        if number != NODE_ATTRIBUTE:
            continue
        for part, value in _pieces(attribute):
            if part in (ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS):
                raise CheckpointError(
                    f"{name} has control flow ({_shown(kind)}), which is not taken."
                )
            if part in ATTRIBUTE_SPARSE:
                raise CheckpointError(f"{name} holds sparse weights, which are not taken.")
            if part in (ATTRIBUTE_TENSOR, ATTRIBUTE_TENSORS):
                _tensor(value, name)


def _tensor(tensor: Piece, name: str) -> str:
    """The tensor's name; refuses one whose numbers lie in another file."""
    called = ""
    for number, value in tensor.fields():
        if number == TENSOR_EXTERNAL or (number == TENSOR_LOCATION and value != 0):
            raise CheckpointError(f"{name} keeps weights in other files, which are not read.")
        if number == 8 and isinstance(value, Piece):
            called = value.text()
    return called


def _pieces(message: Piece) -> Iterator[tuple[int, Piece]]:
    return ((number, value) for number, value in message.fields() if isinstance(value, Piece))


def _name(message: Piece, wanted: int) -> str:
    """A text field of a message; the last one counts, as in every parser."""
    found = ""
    for number, value in _pieces(message):
        if number == wanted:
            found = value.text()
    return found


def _shown(text: str) -> str:
    """A name from the file, fit for a sentence."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:80])
