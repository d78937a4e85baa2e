"""Who answers what an editor asks of a flow."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from stratix_tasks.dsl.bind import bind
from stratix_tasks.dsl.task import known_tasks
from stratix_tasks.edits import words
from stratix_tasks.edits.apply import apply
from stratix_tasks.edits.places import definition_of, flow_at, node_at, paths
from stratix_tasks.edits.remedies import Mending, holders, mending
from stratix_tasks.edits.words import Add, Edit, Group, Paste, SetFlow, Text, Ungroup, edit_of
from stratix_tasks.engine.reading import Reader
from stratix_tasks.engine.resolving import COMPLETED, Scope, Seen, evaluate, resolve
from stratix_tasks.errors import FlowError, StratixError, in_words
from stratix_tasks.executors.registry import HERE
from stratix_tasks.formats.yaml import dump, load, located, read
from stratix_tasks.formats.yaml_edit import edit as edited
from stratix_tasks.formats.yaml_edit import mend
from stratix_tasks.formats.yaml_parts import data_of
from stratix_tasks.formats.yaml_spans import lines_of
from stratix_tasks.look.completion import completion
from stratix_tasks.look.forms import common_form, flow_form, node_form, wrong_with
from stratix_tasks.look.outline import problem_rows
from stratix_tasks.look.output import value_shown
from stratix_tasks.look.palette import fed_by, feeding, hints_of, palette, unwritten
from stratix_tasks.look.ports import Ports, inputs_of
from stratix_tasks.look.sources import FlowSource
from stratix_tasks.look.stubs import stub
from stratix_tasks.session.display import run_source
from stratix_tasks.session.document import document_of
from stratix_tasks.session.edited import Edits
from stratix_tasks.session.run import Run
from stratix_tasks.spec.check import findings
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, Ui
from stratix_tasks.spec.names import needs_of, task_names
from stratix_tasks.spec.problems import Finding, errors
from stratix_tasks.spec.problems import Problem as Wrong
from stratix_tasks.spec.text import parse
from stratix_tasks.spec.values import Expr
from stratix_tasks.store.summaries import look, sized, summarise, type_name
from stratix_tasks.view.messages import (
    Checked,
    Completion,
    Computed,
    DocumentText,
    EditInfo,
    Fitting,
    Form,
    Mend,
    NewTask,
    Output,
    PaletteItem,
    Port,
    Sample,
    Typed,
)


class FlowEditor:
    """Edits a flow for a view, and tells what can be placed, connected and filled in. See `view/source.py`: Editor."""

    def __init__(self, flow: Any, now: Callable[[], FlowSource], last: Callable[[], Run | None]) -> None:
        self._flow, self._now, self._last = flow, now, last
        self._edits: Edits = flow.edits_made

    # ------------------------------------------------------------------ what there is

    def info(self) -> EditInfo:
        self._flow._keep_draft()
        shown, editing = self._now(), self._edits.now
        ports: list[list[Port]] = []
        gives: list[str] = []
        within: dict[str, Ports] = {}
        for name in shown.root.outline.names:
            here, own = self._ports_of(shown, name, within)
            node = here.graph.spec.tasks.get(own) if here is not None else None
            ports.append(here.of(node) if here is not None and node is not None else [])
            gives.append(here.result(node) if here is not None and node is not None else "")
        done, undone = (editing.done, editing.undone) if editing is not None else ((), ())
        return {
            "undo": done[-1].title if done else "",
            "redo": undone[-1].title if undone else "",
            "steps": [step.title for step in done],
            "offered": [step.title for step in self._edits.offered],
            "document": self._flow.is_document,
            "file": str(self._edits.file or ""),
            "stale": self._edits.is_stale,
            "inputs": list(inputs_of(shown.graph)),
            "ports": ports,
            "gives": gives,
            "mends": self._mends(shown),
            "placed": [*spec.ui.positions] if (spec := shown.root.spec).ui is not None else [],
        }

    def _mends(self, shown: FlowSource) -> list[Mend]:
        if not shown.problems:
            return []
        spec = self._spec()
        held = holders(spec, shown.root.outline.names)
        found = (mending(spec, problem, held) for problem in shown.problems)
        return [
            {
                "node": one.node,
                "field": one.field,
                "label": one.label,
                "edits": [words.data_of(edit) for edit in one.edits],
            }
            for one in found
        ]

    def _ports_of(self, shown: FlowSource, path: str, within: dict[str, Ports]) -> tuple[Ports | None, str]:
        """The ports of the flow in which a node stands, and the node's own name."""
        around, _, own = path.rpartition(".")
        if around not in within:
            graph: Graph | None = shown.graph
            for name in filter(None, around.split(".")):
                node = graph.spec.tasks.get(name) if graph is not None else None
                graph = graph.find(node.flow) if graph is not None and node is not None and node.flow else None
            if graph is None:
                return None, own
            within[around] = Ports(graph, HERE.get().entries, shown.functions)
        return within[around], own

    def _at(self, path: str) -> tuple[Ports, str]:
        """FlowError `unknown-node`."""
        ports, own = self._ports_of(self._now(), path, {})
        if ports is None or (own and own not in ports.graph.spec.tasks):
            raise FlowError(f"there is no node '{path}'", code="unknown-node")
        return ports, own

    # ------------------------------------------------------------------ edits

    def edit(self, edits: list[dict[str, Any]], title: str) -> list[str]:
        return self._edit([edit_of(one) for one in edits], title)

    def open(self, name: str, data: str, at: tuple[float, float]) -> list[str]:
        text = document_of(b64decode(data), name)
        if self._spec().tasks:
            return self._edit([Paste(text, at=(at[0], at[1]))], f"paste {name}")
        opened, own = load(text, executors=HERE.get().entries), self._spec().flow
        title = f"open {name}"
        if opened.flow != own:  # what is edited keeps its name: runs and cells know it by that
            text, title = edited(text, apply(opened, SetFlow("flow", own))[0], HERE.get().entries), f"{title} as {own}"
        self._edit([Text(text)], title)
        return list(self._spec().tasks)

    def _edit(self, made: list[Edit], title: str) -> list[str]:
        before = self._spec()
        self._flow.apply(*made, title=title)
        after = self._spec()
        arounds = {one.node.rpartition(".")[0] for one in made if isinstance(one, Add)}
        arounds |= {one.into for one in made if isinstance(one, Paste)}
        arounds |= {one.node.rpartition(".")[0] for one in made if isinstance(one, Ungroup)}
        arounds |= {one.nodes[0].rpartition(".")[0] for one in made if isinstance(one, Group)}
        return [name for around in sorted(arounds) for name in _added(before, after, around)]

    def _spec(self) -> FlowSpec:
        return self._edits.now.spec if self._edits.now is not None else self._now().root.spec

    def history(self, do: str, path: str) -> str:
        if do in ("save", "overwrite"):
            return str(self._flow.save(path or None, overwrite=do == "overwrite"))
        if do == "reload":
            self._flow.reload()
            return str(self._edits.file)
        steps = self._edits.now
        done, undone = (steps.done, steps.undone) if steps is not None else ((), ())
        told = {"undo": done[-1:], "redo": undone[-1:], "drop": done, "reapply": self._edits.offered}
        if do not in told:
            raise FlowError(f"'{do}' is none of {', '.join(told)}, save, overwrite, reload", code="bad-edit")
        getattr(self._flow, do)()
        return ", ".join(step.title for step in told[do])

    # ------------------------------------------------------------------ what fits

    def palette(self, node: str, side: str, port: str) -> list[PaletteItem]:
        tasks = known_tasks()
        ports, own = self._source_at(node)
        items = palette(ports, tasks)
        if side == "out":
            found = fed_by(items, ports.source(own), hints_of(ports, items, tasks))
            return (
                [item for item in found if item["port"]] if own.startswith("inputs.") else found
            )  # that is there at once
        if side == "in":
            there = ports.graph.spec.tasks[own]
            wanted = ports.types.takes(there).get(port, Any)
            return feeding(items, wanted, hints_of(ports, items, tasks))
        return items

    def stub(self, name: str, node: str, side: str, port: str) -> NewTask:
        ports, own = self._source_at(node)
        takes = {own.rpartition(".")[2]: ports.source(own)} if side == "out" else {}
        gives = ports.types.takes(ports.graph.spec.tasks[own]).get(port, Any) if side == "in" else Any
        return {"item": unwritten(ports, name, takes, gives), "code": stub(name, takes, gives)}

    def _source_at(self, node: str) -> tuple[Ports, str]:
        """The ports of the flow in which a node, or an input of the outermost one, stands, and its own name."""
        return (self._at("")[0], node) if node.startswith("inputs.") else self._at(node)

    def fits(self, source: str) -> Fitting:
        if source.startswith("inputs."):
            return self._at("")[0].fits(source)
        ports, own = self._at(source)
        prefix = source.removesuffix(own)
        found = ports.fits(own)
        return {
            "why": {prefix + name: told for name, told in found["why"].items()},
            "each": {prefix + name: told for name, told in found["each"].items()},
        }

    def form(self, nodes: list[str]) -> Form:
        if len(nodes) > 1:
            return common_form([self._form(node) for node in nodes])
        return self._form(nodes[0] if nodes else "")

    def _form(self, node: str) -> Form:
        ports, own = self._at(node)
        wrong = wrong_with(self._findings(ports), own)
        return node_form(ports, own, node, wrong) if own else flow_form(ports, wrong)

    def _findings(self, ports: Ports) -> Iterator[Finding]:
        pools = self._flow._pools()
        return findings(ports.graph, ports.executors, pools, ports.functions)

    # ------------------------------------------------------------------ as text

    def text(self) -> DocumentText:
        try:  # that of a cell's flow names functions of the notebook, which is well as long as it stays here
            text = self._flow.to_yaml() if self._flow.is_document else dump(self._flow.spec)
        except FlowError as error:
            return {"text": "", "lines": {}, "why": error.message}
        lines, spec = lines_of(text), self._flow.spec
        found = {name: definition_of(spec, name) for name in self._now().root.outline.names if _is_there(spec, name)}
        return {"text": text, "lines": {name: lines[at] for name, at in found.items() if at in lines}, "why": ""}

    def check(self, text: str) -> Checked:
        _, problems, mends = self._read(text)
        return {"problems": problem_rows(problems), "mends": [one.label if one.edits else "" for one in mends]}

    def mend(self, text: str, at: int) -> str:
        spec, _, mends = self._read(text)
        if spec is None or at >= len(mends):
            raise FlowError("the text is another one by now", code="bad-edit")
        for edit in mends[at].edits:
            spec, _ = apply(spec, edit)
        return mend(text, spec, HERE.get().entries)

    def _read(self, text: str) -> tuple[FlowSpec | None, list[Wrong], list[Mending]]:
        """A text as far as it can be read, what is wrong with it, and what mends each of that."""
        spec, problems = read(text, executors=HERE.get().entries)
        if spec is None:
            return None, problems, [Mending() for _ in problems]
        if not errors(problems):
            known = {**known_tasks(), **self._now().functions}
            problems += located(text, bind(spec, known, self._flow.allowed)[1])
        held = holders(spec, paths(spec))
        return spec, problems, [mending(spec, problem, held) for problem in problems]

    def python(self) -> str:
        return str(self._flow.to_python())

    def copy(self, nodes: list[str]) -> str:
        """A document of the nodes, with the flows that they use and their places."""
        if not nodes:
            raise FlowError("choose what is to be copied", code="bad-edit")
        spec = self._flow.spec
        place = flow_at(spec, nodes[0].rpartition(".")[0])
        named = {path.rpartition(".")[2]: path for path in nodes}
        tasks = {name: node for name, node in place.flow.tasks.items() if name in named}
        held = sorted({node.flow for node in tasks.values() if node.flow is not None})
        flows = {name: inner.flow for name in held if (inner := place.find(name)) is not None}
        positions = spec.ui.positions if spec.ui is not None else {}
        placed = {name: positions[path] for name, path in named.items() if path in positions}
        ui = Ui.model_construct(positions=placed) if placed else None
        return dump(FlowSpec.model_construct(flow="fragment", tasks=tasks, flows=flows, ui=ui))

    # ------------------------------------------------------------------ values

    def evaluate(self, node: str, text: str) -> Computed:
        """A value of the document, or a condition (a text without `${{ }}` that names something), on the last run's values."""
        run = self._last()
        if run is None:
            return {"text": "", "type": "", "why": "run the flow once: then its values are there to try this on"}
        try:
            value = _computed(run, text)
        except StratixError as error:
            return {"text": "", "type": "", "why": error.message}
        except Exception as error:  # what objects on the way raise
            return {"text": "", "type": "", "why": in_words(error)}
        return {"text": _told(value), "type": type_name(value), "why": ""}

    def complete(self, node: str, text: str, at: int, of: Typed) -> Completion:
        ports, own = self._at(node)
        return completion(ports, own, text, at, of)

    def value(self, text: str) -> Any:
        return data_of(text)

    def sample(self, source: str) -> Sample:
        run = self._last()
        if run is None:
            return {"value": None, "why": "run the flow once: then it is here what came along"}
        value: Output | None = None
        with suppress(StratixError, KeyError):  # it was not there then
            if source.startswith("inputs."):
                value = value_shown(run.inputs[source.removeprefix("inputs.")])
            else:
                value = run_source(run).inspect(source, None)["output"]
        return {"value": value, "why": "" if value is not None else f"nothing came of it in the last run, {run.id}"}


def _told(value: Any) -> str:
    """In a line: of a table its sizes and columns, of an array its sizes."""
    summary = summarise(value) or {}
    names = ", ".join(summary.get("columns", ()))
    return ": ".join(filter(None, (sized(summary), names))) or look(value)


def _computed(run: Run, text: str) -> Any:
    if "${{" in text:
        value = parse(text)
    else:
        value = Expr(text, task_names(text))
    named = {name for name, _ in needs_of(value)}
    scope = Scope(run.inputs, {name: Seen(run.output(name), COMPLETED, None) for name in named}, summarise)
    return evaluate(value, scope, Reader()) if type(value) is Expr else resolve(value, scope, Reader())


def _is_there(spec: FlowSpec, path: str) -> bool:
    """Whether a node of the view is one of the document: what takes another one back is not."""
    try:
        node_at(spec, path)
    except FlowError:
        return False
    return True


def _added(before: FlowSpec, after: FlowSpec, around: str) -> list[str]:
    old, new = flow_at(before, around).flow.tasks, flow_at(after, around).flow.tasks
    return [f"{around}.{name}" if around else name for name in new if name not in old]
