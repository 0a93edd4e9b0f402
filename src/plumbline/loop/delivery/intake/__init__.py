"""What departments deliver, taken in from the engine: the inbox, its registers as people read them, new datasets."""

from __future__ import annotations

from plumbline.engine import Workspace
from plumbline.loop.delivery.intake.inbox import (
    MOST_BYTES,
    TAKEN,
    Taken,
    export_ticket,
    load_inbox,
    own_datasets,
    owners,
    receive,
    row_name,
    titles,
    workspace,
)
from plumbline.loop.delivery.intake.mapping import (
    TYPES,
    ColumnSaid,
    Proposed,
    Said,
    deliver_sample,
    forget_sample,
    propose,
    save,
    themes,
)
from plumbline.loop.delivery.intake.registers import (
    ColumnTold,
    DatasetTold,
    RowTold,
    WaitingTold,
    dataset_told,
    rhythm,
    rows_now,
    waiting,
    waiting_rows,
)

__all__ = [
    "MOST_BYTES",
    "TAKEN",
    "TYPES",
    "ColumnSaid",
    "ColumnTold",
    "DatasetTold",
    "Proposed",
    "RowTold",
    "Said",
    "Taken",
    "WaitingTold",
    "Workspace",
    "dataset_told",
    "deliver_sample",
    "export_ticket",
    "forget_sample",
    "load_inbox",
    "own_datasets",
    "owners",
    "propose",
    "receive",
    "rhythm",
    "row_name",
    "rows_now",
    "save",
    "themes",
    "titles",
    "waiting",
    "waiting_rows",
    "workspace",
]
