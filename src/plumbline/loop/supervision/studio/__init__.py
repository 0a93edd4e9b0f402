"""Where a supervision model is written or changed: a form whose fields are the slots of its YAML, one to one.

`slots` knows the fields, `intake` asks the engine and writes the catalog, `views` are the pages. What is saved
is the same YAML that `plumbline check` reads, as a draft: its life goes on from there, by four eyes.
"""
