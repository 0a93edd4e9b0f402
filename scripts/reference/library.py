"""The library's door: what may be imported, and what it does."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from plumbline import engine
from scripts.reference.tables import code, table


def door() -> str:
    """Everything that `plumbline.engine` offers, in one table."""
    rows = []
    for name in engine.__all__:
        thing = getattr(engine, name)
        rows.append((code(name), _kind(thing), _summary(thing), ", ".join(_attributes(thing))))
    return table(("name", "kind", "what it is", "attributes"), rows)


def _attributes(thing: Any) -> Iterator[str]:
    """What a record holds; the workspace has a section of its own."""
    if thing is engine.Workspace or not isinstance(thing, type):
        return
    fields = getattr(thing, "model_fields", None) or getattr(thing, "__dataclass_fields__", {})
    if not fields:  # an ordinary class names them in its docstring
        fields = re.findall(
            r"(?m)^    (\w+): ", (inspect.getdoc(thing) or "").partition("Attributes:")[2]
        )
    own = (n for n, m in vars(thing).items() if isinstance(m, property | cached_property))
    yield from (code(name) for name in (*fields, *own) if not name.startswith("_"))


def workspace() -> str:
    """Every public method and property of a workspace."""
    return "\n\n".join(_members(engine.Workspace))


def _members(of: type) -> Iterator[str]:
    for name, member in vars(of).items():
        if name.startswith("_"):
            continue
        said = _doc(member)
        if isinstance(member, property | cached_property):
            function = member.fget if isinstance(member, property) else member.func
            returns = inspect.signature(function).return_annotation  # type: ignore[arg-type]
            yield f"### {name}\n\n```text\n{name}: {_plain(returns)}\n```" + said
        elif callable(member) or isinstance(member, classmethod):
            yield f"### {name}\n\n```text\n{_signature(name, member)}\n```" + said


def functions() -> str:
    """The functions beside the classes."""
    found = []
    for name in engine.__all__:
        thing = getattr(engine, name)
        if isinstance(thing, types.FunctionType):
            found.append(f"### {name}\n\n```text\n{_signature(name, thing)}\n```{_doc(thing)}")
    return "\n\n".join(found)


def _signature(name: str, member: Any) -> str:
    function = member.__func__ if isinstance(member, classmethod) else member
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    short = _bare(str(signature.replace(parameters=own)))
    if len(name + short) <= 96:
        return name + short
    shown: list[str] = []
    starred = False
    for parameter in own:
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            shown, starred = [*shown, "    *,"], True
        shown.append(f"    {_bare(str(parameter))},")
    return "\n".join([f"{name}(", *shown, f") -> {_plain(signature.return_annotation)}"])


def _bare(signature: str) -> str:
    """Annotations without their quotes; defaults keep theirs."""
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)


def _plain(annotation: Any) -> str:
    return (
        annotation
        if isinstance(annotation, str)
        else getattr(annotation, "__name__", str(annotation))
    )


def _kind(thing: Any) -> str:
    if isinstance(thing, type):
        return "class"
    if isinstance(thing, types.FunctionType):
        return "function"
    return "constant" if isinstance(thing, dict | str | tuple) else "type"


def _summary(thing: Any) -> str:
    if not isinstance(thing, type | types.FunctionType):
        return _CONSTANTS[next(n for n in engine.__all__ if getattr(engine, n) is thing)]
    return (inspect.getdoc(thing) or "").partition("\n\n")[0]


_CONSTANTS = {
    "NOT_A_VERDICT": "what every page that shows a warning must say; by language",
    "Register": "which register: `warnings`, `trials`, `questions`, `candidates`",
    "NOT_CERTAIN": "what is said beside a tie that no full number makes",
    "Agreement": "how two rows agree in a column: see the values",
    "SEMANTIC_TYPES": "what a column may mean, such as `person.id`; by name",
    "TIERS": "what each tier means; by its letter",
}


def _doc(thing: Any) -> str:
    """The docstring, its sections as lists."""
    text = inspect.getdoc(thing)
    if not text:
        return ""
    out, section = [], False
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Returns|Raises|Attributes):.*", line):
            head, _, rest = line.partition(":")
            out += ["", f"*{head}*: {rest.strip()}".rstrip(), ""]
            section = True
        elif section and (hit := re.fullmatch(r" {4}(\w+): (.*)", line)):
            out.append(f"- `{hit[1]}`: {hit[2]}")
        elif section and line.strip():
            out.append(f"  {line.strip()}" if out and out[-1] else line.strip())
        else:
            section = section and bool(line.strip())
            out.append(line)
    return "\n\n" + "\n".join(out).strip()
