"""The generated parts of the documentation, made from the program and the catalog themselves.

A page holds `<!-- generated: NAME -->` and `<!-- end -->`; what stands between them is made here.
`python -m scripts.reference` writes it anew, with `--check` it only says what is out of date.
"""
