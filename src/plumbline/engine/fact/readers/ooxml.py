"""What python-calamine does not say about an XLSX sheet, scanned from its XML in one pass.

Calamine gives an error cell (#N/A) as an empty one, and lays a sheet out as one dense block, so
that a single stray cell in the last corner would ask for hundreds of gigabytes.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from typing import IO
from xml.etree import ElementTree as ET

from plumbline.engine.fact.readers.base import Merge

_CHUNK_BYTES = 1 << 20
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d+)"')
_WIDE = re.compile(rb'r="([A-Z]{2,3})\d')  # begins with plain letters, which are found fastest
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]+\d+:[A-Z]+\d+)"')
_ERROR = re.compile(
    rb'<(?:\w+:)?c\b([^>]*\bt="e"[^>]*)>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]*)<', re.DOTALL
)
_REF = re.compile(rb'\br="([A-Z]+\d+)"')


@dataclass
class Inside:
    """What one sheet holds; `errors` by (line, column)."""

    lines: int = 0
    width: int = 26
    merges: list[Merge] = field(default_factory=list)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The member of the package that holds each sheet, by the sheet's name."""
    # untrusted XML is safe here: expat itself refuses entities that grow, and ElementTree fetches nothing
    targets = {
        node.get("Id"): posixpath.normpath(posixpath.join("xl", node.get("Target", "")))
        for node in ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 -- as above
    }
    parts = {}
    for node in ET.fromstring(archive.read("xl/workbook.xml")).iter():  # noqa: S314 -- as above
        if node.tag.rpartition("}")[2] == "sheet":
            link = next((v for k, v in node.attrib.items() if k.endswith("}id")), None)
            parts[node.get("name", "")] = targets.get(link, "").removeprefix("/")
    return parts


def look_inside(file: IO[bytes]) -> Inside:
    from openpyxl.utils import range_boundaries  # type: ignore[import-untyped]  # noqa: PLC0415 -- slow to import

    found = Inside()
    columns: set[bytes] = set()
    tail = b""
    while chunk := file.read(_CHUNK_BYTES):
        text = tail + chunk
        start = max(text.rfind(b"<row "), text.rfind(b":row "))
        if start >= 0 and (last := _ROW.search(text, text.rfind(b"<", 0, start + 1))):
            found.lines = max(found.lines, int(last[1]))
        columns.update(_WIDE.findall(chunk))
        if b't="e"' in text:
            for error in _ERROR.finditer(text):
                if ref := _REF.search(error[1]):
                    column, line, _, _ = range_boundaries(ref[1].decode())
                    found.errors[line, column - 1] = error[2].decode()
        if b"mergeCell" in text:
            for merge in _MERGE.finditer(text):
                left, top, right, bottom = range_boundaries(merge[1].decode())
                found.merges.append(Merge(top, left - 1, bottom, right - 1))
        # keep what may be cut: the last cell, or the last tag
        tail = text[max(text.rfind(b"</c>"), text.rfind(b"/>"), len(text) - 70_000) :]
    if columns:
        widest = max(columns, key=lambda letters: (len(letters), letters)).decode()
        found.width = range_boundaries(f"{widest}1")[0]
    found.merges = list(dict.fromkeys(found.merges))
    return found
