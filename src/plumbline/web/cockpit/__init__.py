"""The figures of a city's supervision on one page: counted as rows change, each a link to its rows.

models <- policy <- counting | queries <- actions <- forms <- views <- urls. It stands in `web`, since it
looks at every part of the loop and nothing looks at it.
"""
