"""A list that leaves the house: as a workbook or on paper, with who took it, when and what for on every page.

A `Table` is plain text in rows; `book.write` makes XLSX of it, `pdf.write` PDF.
"""
