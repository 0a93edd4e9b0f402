"""A source whose fields have names of their own: the names are the header, on line 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from plumbline.engine.fact.readers.base import Batch, Merge, Misfit, Row
from plumbline.engine.fact.readers.columns import fit, gather
from plumbline.errors import Text


@dataclass
class Named:
    """Records come from `load`, called anew for every reading; each has one cell a field."""

    file: str
    name: str
    header: Sequence[str]
    load: Callable[[], Iterable[Row | Misfit]]
    remarks: Sequence[Text] = field(default_factory=tuple)
    merges: Sequence[Merge] = ()

    def rows(self) -> Iterator[Row]:
        yield Row(0, list(self.header))
        for record in self.load():
            yield Row(record.line, [record.text]) if isinstance(record, Misfit) else record

    def batches(self, after: int, width: int) -> Iterator[Batch]:
        below = (record for record in self.load() if record.line > after)
        return gather(
            (r if isinstance(r, Misfit) else fit(r, width, pad=True) for r in below), width
        )
