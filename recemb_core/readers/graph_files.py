"""GML and GraphML → a table of edges, and one of nodes beside it."""

from __future__ import annotations

import io
import re
from typing import Any
from xml.etree import ElementTree

import polars as pl

from recemb_core.readers.assumptions import assumed
from recemb_core.readers.errors import InputError, shortened
from recemb_core.readers.limits import limits
from recemb_core.readers.table import Table

_GML = re.compile(rb"\s*(?:(?:Creator|Version|comment)\b[^\n]*\n\s*|#[^\n]*\n\s*)*+graph\s*\[", re.IGNORECASE)
_TOKEN = re.compile(r'"([^"]*)"|([\[\]])|([^\s\[\]"]+)')


def is_graph_file(head: bytes) -> bool:
    """Whether a text begins like GML or GraphML.

    >>> is_graph_file(b"graph [\\n node ["), is_graph_file(b"<?xml version='1.0'?>\\n<graphml>"), is_graph_file(b"a,b")
    (True, True, False)
    """
    return bool(_GML.match(head)) or (head.startswith(b"<") and b"<graphml" in head)


def parse_graph(data: bytes, called: str, name: str) -> Table:
    """The edges as a table (``source``, ``target`` and what else they have), the nodes as its companion.

    Raises:
        InputError: damaged, nested too deep, with entities of its own, or without edges.

    >>> table = parse_graph(b'graph [ node [ id 1 label "a" ] node [ id 2 ] edge [ source 1 target 2 ] ]', "it", "")
    >>> table.frame.rows(), table.companion.rows(), table.directed
    ([('1', '2')], [('1', 'a'), ('2', None)], False)
    """
    graphml = data.lstrip().startswith(b"<")
    nodes, edges, directed = (_graphml if graphml else _gml)(data, called)
    if not edges:
        raise InputError(f"{called} is a graph without edges; export it with its edges")
    for rows in (nodes, edges):
        limits().check_columns(len({key for row in rows for key in row}), called)
    frame = pl.DataFrame(edges, infer_schema_length=None).cast(pl.String)
    beside = pl.DataFrame(nodes, infer_schema_length=None).cast(pl.String) if nodes else None
    lines = [c for c in frame.columns if c not in ("source", "target")]
    words = f"The file says that edges run {'one way only' if directed else 'both ways'}."
    other = ("both ways", False) if directed else ("one way only", True)
    said = (assumed("directed", directed, words, other),)
    companion = beside if beside is not None and beside.width > 1 else None
    form = "graphml" if graphml else "gml"
    return Table(
        frame.select("source", "target", *lines), form, name, companion=companion, assumptions=said, directed=directed
    )


Rows = list[dict[str, Any]]


def _gml(data: bytes, called: str) -> tuple[Rows, Rows, bool]:
    stack: list[dict[str, Any]] = [{}]
    nodes: Rows = []
    edges: Rows = []
    kinds, key, directed = [""], "", False
    for found in _TOKEN.finditer(data.decode("utf-8")):
        text, bracket, word = found.groups()
        if bracket == "[":
            stack.append({})
            kinds.append(key.lower())
            key = ""
            if len(stack) > limits().depth:
                raise InputError(f"{called} has values inside values over {limits().depth} deep (RECEMB_FILE_DEPTH)")
        elif bracket == "]":
            if len(stack) == 1:
                raise InputError(f"{called} is damaged GML: a bracket is closed that was never opened")
            whole, kind = stack.pop(), kinds.pop()
            if kinds[-1:] == ["graph"] and kind in ("node", "edge"):
                (nodes if kind == "node" else edges).append(whole)
            key = ""
        elif not key:
            key = word or text or ""
        else:
            value = text if text is not None else word
            if kinds[-1] == "graph" and key.lower() == "directed":
                directed = value == "1"
            stack[-1].setdefault(key, value)
            key = ""
    if len(stack) != 1:
        raise InputError(f"{called} is damaged GML: {len(stack) - 1} brackets are never closed")
    for edge in edges:
        if "source" not in edge or "target" not in edge:
            raise InputError(f"{called} has an edge without source or target ({shortened(edge)})")
    if any("id" not in node for node in nodes):
        raise InputError(f"{called} has a node without an id")
    return [{"id": node["id"], **node} for node in nodes], edges, directed


def _graphml(data: bytes, called: str) -> tuple[Rows, Rows, bool]:
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InputError(f"{called} is XML with definitions of its own (DOCTYPE), which are not read; save it without")
    nodes: Rows = []
    edges: Rows = []
    names: dict[str, str] = {}
    directed, depth = False, 0
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(data), events=("start", "end")):
            tag = element.tag.rsplit("}", 1)[-1]
            if event == "start":
                depth += 1
                if depth > limits().depth:
                    raise InputError(f"{called} has elements over {limits().depth} deep (RECEMB_FILE_DEPTH)")
                if tag == "graph":
                    directed = element.get("edgedefault") == "directed"
                continue
            depth -= 1
            if tag == "key":
                names[element.get("id", "")] = element.get("attr.name", element.get("id", ""))
            elif tag in ("node", "edge"):
                values = {
                    names.get(part.get("key", ""), part.get("key", "value")): part.text
                    for part in element
                    if part.tag.rsplit("}", 1)[-1] == "data"
                }
                own = ("id",) if tag == "node" else ("source", "target")
                ends = {name: element.get(name) for name in own}
                if None in ends.values():
                    raise InputError(
                        f"{called} has {'a node' if tag == 'node' else 'an edge'} without {' and '.join(own)}"
                    )
                (nodes if tag == "node" else edges).append({**values, **ends})
                element.clear()
    except ElementTree.ParseError as error:
        raise InputError(f"{called} is damaged GraphML ({error}); export it again") from None
    return [{"id": node["id"], **node} for node in nodes], edges, directed
