// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of documents look so
import { describe, expect, it } from "vitest";
import { boxesOf, clear, endsOf, guessed, inputsBox, withInner } from "../src/edit/boxes";
import { COMMANDS, commandOf, keyName, keyText } from "../src/edit/commands";
import { Editing } from "../src/edit/editing";
import { parsed, shownAs } from "../src/edit/fields";
import { chosen } from "../src/edit/hands";
import { best } from "../src/edit/joining";
import { valuesFor } from "../src/edit/reach";
import { found, grouped, score, unwritten } from "../src/edit/search";
import {
  aligned,
  along,
  type Box,
  freeName,
  INPUTS,
  renamedIn,
  rowsOf,
  towards,
  wiresOf,
  wireUnder,
} from "../src/edit/wires";
import { broken, difference, nodeAt, pieces } from "../src/edit/yaml";
import { Live } from "../src/model/live";
import type { EditInfo, NodeInfo, PaletteItem, Port, Snapshot } from "../src/model/messages";
import { Calls } from "../src/transport";

const port = (name: string, more: Partial<Port> = {}): Port => ({
  name,
  type: "",
  required: false,
  text: "",
  source: "",
  ...more,
});
const node = (name: string, more: Partial<NodeInfo> = {}): NodeInfo =>
  ({
    name,
    label: name,
    kind: "task",
    parent: -1,
    x: 0,
    y: 0,
    w: 172,
    h: 58,
    call: name,
    config: [],
    ...more,
  }) as NodeInfo;
const info = (more: Partial<EditInfo> = {}): EditInfo => ({
  ...{
    undo: "",
    redo: "",
    steps: [],
    offered: [],
    document: false,
    file: "",
    stale: false,
    inputs: [],
    ports: [],
    gives: [],
    mends: [],
    placed: [],
  },
  ...more,
});
const box = (name: string, x: number, y: number, w = 100, h = 50): Box => ({ name, x, y, w, h });
const item = (name: string, more: Partial<PaletteItem> = {}): PaletteItem =>
  ({
    name,
    kind: "task",
    group: "this notebook",
    doc: "",
    says: {},
    ports: [],
    gives: "",
    port: "",
    rank: 0,
    ...more,
  }) as PaletteItem;

describe("a name that changed", () => {
  const named = (...names: string[]) => names.map((name) => ({ name }));
  it("is told where one has gone and one has come, and not where nodes were added or removed", () => {
    expect(renamedIn(named("a", "b"), named("a", "c"))).toEqual(["b", "c"]);
    expect(renamedIn(named("a", "b"), named("a"))).toBeNull();
    expect(renamedIn(named("a"), named("a", "b"))).toBeNull();
    expect(renamedIn(named("a", "b"), named("c", "d"))).toBeNull();
  });
});

describe("wires", () => {
  const nodes = [node("load"), node("clean"), node("price", { kind: "flow" }), node("price.fetch", { parent: 2 })];
  const edit = info({
    inputs: [port("day")],
    ports: [
      [port("day", { source: "inputs.day" })],
      [port("df", { source: "load" }), port("n", { text: "2" })],
      [port("rows", { source: "clean" })],
      [port("rows", { source: "inputs.rows" })],
    ],
  });

  it("are of each argument that an output or an input of the flow feeds, and of what is only waited for", () => {
    const edges: Snapshot["edges"] = [
      [0, 1, "data"],
      [0, 2, "order"],
      [1, 2, "data"],
    ];
    expect(wiresOf({ nodes, edges, edit }).map(({ id, kind }) => [id, kind])).toEqual([
      ["inputs.day>load:day", "data"],
      ["load>clean:df", "data"],
      ["clean>price:rows", "data"],
      ["load>price:", "order"],
    ]);
  });
  it("of a flow within are named by their whole names", () => {
    const inner = [...nodes, node("price.mean", { parent: 2 })];
    const ports = [...edit.ports, [port("xs", { source: "fetch" })]];
    const wires = wiresOf({ nodes: inner, edges: [], edit: { ...edit, ports } });
    expect(wires.at(-1)).toMatchObject({ source: "price.fetch", target: "price.mean", port: "xs" });
  });
  it("lead up- and downstream", () => {
    const wires = wiresOf({ nodes, edges: [], edit });
    expect(along(wires, ["clean"], "down").sort()).toEqual(["clean", "price"]);
    expect(along(wires, ["clean"], "up").sort()).toEqual(["clean", "load"]);
  });
  it("end where their row stands", () => {
    const snapshot = {
      nodes: [node("load"), node("clean", { x: 300, h: 106 })],
      edit: info({ ports: [[], [port("df"), port("n")]] }),
    };
    const wire = { id: "", source: "load", target: "clean", port: "n", kind: "data" };
    const ends = endsOf(wire, boxesOf(snapshot.nodes, {}), snapshot);
    expect(ends).toEqual({ from: { x: 172, y: 29 }, to: { x: 300, y: 88 } });
  });
  it("are met by a box that lies on them, and by no other", () => {
    const drawn = [{ from: { x: 0, y: 0 }, to: { x: 400, y: 0 } }];
    expect(wireUnder(box("a", 150, -20), drawn)).toBe(drawn[0]);
    expect(wireUnder(box("a", 150, 20), drawn)).toBeNull();
  });
});

describe("a selection", () => {
  const chose = (id: string, selected: boolean) => ({ type: "select" as const, id, selected });
  it("takes changes of nodes and of wires one after the other", () => {
    const nodes = chosen({ nodes: ["a"], wires: [] }, [chose("a", false), chose("b", true), chose("c", true)], []);
    expect(chosen(nodes, [], [chose("b>c:x", true)])).toEqual({ nodes: ["b", "c"], wires: ["b>c:x"] });
  });
  it("is the same where nothing of it changes", () => {
    const before = { nodes: ["a"], wires: [] };
    expect(chosen(before, [{ type: "remove", id: "a" }], [])).toBe(before);
  });
});

describe("cards", () => {
  it("show all arguments where there is room, else those that are given or must be", () => {
    const ports = [port("a"), port("b", { required: true }), port("c"), port("d", { text: "1" })];
    expect(rowsOf(ports, { h: 58 + 80 }).map(({ name }) => name)).toEqual(["a", "b", "c", "d"]);
    expect(rowsOf(ports, { h: 58 + 48 }).map(({ name }) => name)).toEqual(["b", "d"]);
    expect(rowsOf(ports, { h: 58 + 48 + 24, foot: "if x" }).map(({ name }) => name)).toEqual(["b", "d"]);
  });
  it("inside a frame move with it, unless they are moved themselves", () => {
    const nodes = [node("a", { kind: "flow" }), node("a.b", { parent: 0, x: 20, y: 30 }), node("c", { x: 9 })];
    expect(boxesOf(nodes, { a: { x: 100, y: 0 } }).map(({ x, y }) => [x, y])).toEqual([
      [100, 0],
      [120, 30],
      [9, 0],
    ]);
    expect(withInner(nodes, { a: { x: 100, y: 0 } }, [])).toEqual({ a: { x: 100, y: 0 } });
    expect(withInner(nodes, { a: { x: 100, y: 0 } }, ["a.b"])).toEqual({
      a: { x: 100, y: 0 },
      "a.b": { x: 120, y: 30 },
    });
  });
  it("that are moved to the edge of their frame, or out of it, make it larger", () => {
    const size = { w: 100, h: 50 };
    const nodes = [
      node("a", { kind: "flow", x: 0, y: 0, w: 300, h: 200 }),
      node("a.b", { kind: "flow", parent: 0, x: 18, y: 38, w: 140, h: 110 }),
      node("a.b.c", { parent: 1, x: 36, y: 76, ...size }),
      node("a.d", { parent: 0, x: 170, y: 38, ...size }),
    ];
    const boxes = (moved: Record<string, { x: number; y: number }>) =>
      boxesOf(nodes, moved).map(({ x, y, w, h }) => [x, y, w, h]);
    expect(boxes({ "a.d": { x: 250, y: 38 } })[0]).toEqual([0, 0, 368, 200]);
    const out = { "a.b.c": { x: -64, y: 276 } };
    expect(boxes(out)).toEqual([
      [-100, 0, 400, 366],
      [-82, 38, 240, 308],
      [-64, 276, 100, 50],
      [170, 38, 100, 50],
    ]);
    // the corners of both go to the left: what else lies there stays by a place of its own
    expect(withInner(nodes, out, [])).toEqual({
      a: { x: -100, y: 0 },
      "a.b": { x: -82, y: 38 },
      "a.b.c": { x: -64, y: 276 },
      "a.d": { x: 170, y: 38 },
    });
    expect(withInner(nodes, { "a.d": { x: 250, y: 38 } }, [])).toEqual({ "a.d": { x: 250, y: 38 } });
  });
  it("of inputs stand left of all", () => {
    const made = inputsBox({ nodes: [node("a", { x: -40 })], edit: info({ inputs: [port("n")] }) });
    expect(made?.name).toBe(INPUTS);
    expect((made?.x ?? 0) + (made?.w ?? 0)).toBeLessThan(-40);
    expect(inputsBox({ nodes: [], edit: info() })).toBeNull();
  });
  it("that are new are put where none lies", () => {
    const boxes = [box("a", 0, 0, 172, 58), box("b", 0, 80, 172, 58)];
    const place = clear(boxes, { x: 10, y: 5 });
    expect(boxes.every(({ y, h }) => place.y >= y + h || place.y + 78 <= y)).toBe(true);
    expect(clear(boxes, { x: 400, y: 5 })).toEqual({ x: 400, y: 5 });
  });
  it("are lined up at the first, or spread between the outermost", () => {
    const boxes = [box("a", 0, 10), box("b", 130, 0), box("c", 400, 30)];
    expect(aligned(boxes, "top")).toEqual({ a: { x: 0, y: 0 }, b: { x: 130, y: 0 }, c: { x: 400, y: 0 } });
    expect(aligned(boxes, "across")).toEqual({ a: { x: 0, y: 10 }, b: { x: 200, y: 0 }, c: { x: 400, y: 30 } });
  });
  it("are walked by the arrows: straight ahead before aside", () => {
    const boxes = [box("a", 0, 0), box("b", 200, 10), box("c", 180, 200), box("d", 0, 120)];
    expect(towards(boxes, "a", "ArrowRight")).toBe("b");
    expect(towards(boxes, "a", "ArrowDown")).toBe("d");
    expect(towards(boxes, "a", "ArrowLeft")).toBeNull();
  });
  it("get names that no other has in their flow", () => {
    expect(freeName({ call: "shop:clean" }, [node("clean"), node("clean_2")])).toBe("clean_3");
    expect(freeName({ uses: "http.get" }, [node("get")], "price.")).toBe("price.get");
    expect(freeName({ call: "x:f(1)" }, [])).toBe("task");
  });
});

describe("the search", () => {
  it("finds by the beginning of words before what is only inside, and by letters in order last", () => {
    const items = [item("unclean"), item("clean_up"), item("http.clean", { group: "http" }), item("c_lean")];
    expect(found(items, "clean").map(({ name }) => name)).toEqual(["clean_up", "http.clean", "unclean", "c_lean"]);
    expect(score(item("load"), "xyz")).toBe(0);
    expect(score(item("wait.input", { doc: "Wait until a person answers: `ask(…)`." }), "ask")).toBe(2);
    expect(score(item("sleep", { doc: "What comes after is a task." }), "ask")).toBe(0);
  });
  it("puts what fits better first among equals, and then what was placed lately", () => {
    const items = [item("aa"), item("ab", { rank: 2 }), item("ac")];
    expect(found(items, "", ["ac"]).map(({ name }) => name)).toEqual(["ab", "ac", "aa"]);
  });
  it("has what could only wait last, and not before somebody asks for it", () => {
    const items = [item("call", { rank: -1 }), item("recall", { rank: 1 })];
    expect(found(items, "").map(({ name }) => name)).toEqual(["recall"]);
    expect(found(items, "call").map(({ name }) => name)).toEqual(["recall", "call"]);
  });
  it("groups by where things are from", () => {
    expect(
      grouped([item("a"), item("b", { group: "http" }), item("c")]).map(([group, some]) => [group, some.length]),
    ).toEqual([
      ["this notebook", 2],
      ["http", 1],
    ]);
  });
  it("offers to write a task of a name that nothing has", () => {
    const items = [item("clean"), item("shop:load")];
    expect(unwritten(items, " tidy ")).toBe("tidy");
    expect(["clean", "load", "two words", "http.get", "1st", ""].map((query) => unwritten(items, query))).toEqual(
      Array(6).fill(""),
    );
  });

  it("wires what is placed to the argument that must be given before those that may", () => {
    expect(best([port("a"), port("b", { required: true })], { a: "", b: "" })).toBe("b");
    expect(best([port("a"), port("b", { required: true })], { a: "", b: "it gives int" })).toBe("a");
    expect(best([port("a", { text: "1" })], {})).toBeNull();
  });
});

describe("a field", () => {
  it("says what its kind means, and tells what is wrong", () => {
    expect(parsed({ kind: "whole", choices: [] }, "12")).toEqual({ value: 12 });
    expect(parsed({ kind: "whole", choices: [] }, "1.5")).toEqual({ wrong: "Write a whole number." });
    expect(parsed({ kind: "duration", choices: [] }, "5m")).toEqual({ value: "5m" });
    expect(parsed({ kind: "duration", choices: [] }, "5 moons")).toHaveProperty("wrong");
    expect(parsed({ kind: "list", choices: [] }, "a, b")).toEqual({ value: ["a", "b"] });
    expect(parsed({ kind: "value", choices: [] }, '{"a": [1]}')).toEqual({ value: { a: [1] } });
    expect(parsed({ kind: "value", choices: [] }, "[1, 2")).toEqual({ wrong: "It breaks off: ] is missing." });
    expect(parsed({ kind: "value", choices: [] }, "{rows: {type: int}}")).toEqual({ yaml: "{rows: {type: int}}" });
    expect(parsed({ kind: "mapping", choices: [] }, "[a, {b: 1}]")).toEqual({ yaml: "[a, {b: 1}]" });
    expect(parsed({ kind: "mapping", choices: [] }, '{"in": "${{ inputs.n }}"}')).toEqual({
      value: { in: "${{ inputs.n }}" },
    });
    expect(parsed({ kind: "value", choices: [] }, '{in: "${{ inputs.n }}"}')).toHaveProperty("yaml");
    expect(parsed({ kind: "value", choices: [] }, "{'a'")).toEqual({ yaml: "{'a'" });
    expect(parsed({ kind: "value", choices: [] }, '{"a": 1,')).toHaveProperty("wrong");
    expect(parsed({ kind: "plain", choices: [] }, "30s")).toEqual({ value: "30s" });
    expect(parsed({ kind: "plain", choices: [] }, '{"total": 5}')).toEqual({ value: { total: 5 } });
    expect(parsed({ kind: "plain", choices: [] }, "3")).toEqual({ value: 3 });
    expect(parsed({ kind: "plain", choices: [] }, '{"total": ')).toHaveProperty("wrong");
    expect(parsed({ kind: "choice", choices: ["a"] }, "b")).toHaveProperty("wrong");
    expect(parsed({ kind: "text", choices: [] }, "5")).toEqual({ value: "5" });
  });
  it("takes an expression whatever its kind, and what is empty away", () => {
    expect(parsed({ kind: "switch", choices: [] }, "${{ inputs.on }}")).toEqual({ value: "${{ inputs.on }}" });
    expect(parsed({ kind: "number", choices: [] }, " ")).toEqual({ value: null });
  });
  it("shows what it would say itself", () => {
    for (const value of [12, "a text", true, [1, 2], { a: 1 }, "${{ tasks.a.output }}"]) {
      const text = shownAs("value", value);
      expect(parsed({ kind: "value", choices: [] }, text)).toEqual({ value });
    }
    expect(shownAs("list", ["a", "b"])).toBe("a, b");
    expect(shownAs("text", null)).toBe("");
  });
});

describe("YAML", () => {
  it("is cut into pieces that are the line again", () => {
    for (const line of [
      "",
      "  - a: 1",
      'with: {url: "${{ inputs.day }}", n: [1, true]}',
      "# all",
      "a: b#c # d",
      "key with blanks: 'x'",
    ])
      expect(
        pieces(line)
          .map(([, text]) => text)
          .join(""),
      ).toBe(line);
  });
  it("tells keys, texts, numbers, expressions and comments", () => {
    const kinds = (line: string) =>
      pieces(line)
        .filter(([kind]) => kind && kind !== "mark")
        .map(([kind, text]) => [kind, text]);
    expect(kinds('  url: "x" # why')).toEqual([
      ["key", "url"],
      ["text", '"x"'],
      ["comment", "# why"],
    ]);
    expect(kinds("n: 12")).toEqual([
      ["key", "n"],
      ["number", "12"],
    ]);
    expect(kinds("x: ${{ tasks.a.output }}")).toEqual([
      ["key", "x"],
      ["expr", "${{ tasks.a.output }}"],
    ]);
  });
  it("finds the innermost node of a line", () => {
    expect(nodeAt({ a: [2, 9], "a.b": [4, 5] }, 5)).toBe("a.b");
    expect(nodeAt({ a: [2, 9] }, 1)).toBeNull();
  });
  it("goes on as deep as the line, and deeper after a colon", () => {
    expect(broken("a:\n  b: 1")).toBe("\n  ");
    expect(broken("a:")).toBe("\n  ");
  });
});

describe("keys", () => {
  const press = (key: string, more: Partial<KeyboardEvent> = {}, inside: string[] = []) =>
    keyName({
      key,
      target: { closest: (of: string) => (inside.some((one) => of.includes(one)) ? {} : null) },
      ...more,
    } as unknown as KeyboardEvent);
  it("are letters while something is typed", () => {
    expect(press("d", {}, ["input"])).toBeNull();
    expect(press("z", { ctrlKey: true }, ["textarea"])).toBeNull();
  });
  it("mean the same with Caps Lock, and on a Mac", () => {
    expect(press("D")).toBe("d");
    expect(press("z", { metaKey: true })).toBe("Mod+z");
    expect(commandOf(press("Z", { ctrlKey: true, shiftKey: true }) ?? "")?.id).toBe("redo");
    expect(commandOf(press("y", { ctrlKey: true }) ?? "")?.id).toBe("redo");
    expect(commandOf(press("Backspace") ?? "")?.id).toBe("remove");
  });
  it("are each of one command", () => {
    const keys = COMMANDS.map(({ key }) => key).filter(Boolean);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("what is asked for", () => {
  const made = (answer: (id: number) => { ok: boolean; message?: string }) => {
    const snapshot = {
      v: 1,
      seq: 0,
      mode: "edit",
      now: 0,
      nodes: [],
      folds: [],
      status: [],
      texts: {},
      edit: info(),
    } as unknown as Snapshot;
    const live = new Live(snapshot);
    const calls: Calls = new Calls({
      snapshot: () => snapshot,
      send: (message) => {
        const id = (message as { id: number }).id;
        const { ok, message: why } = answer(id);
        queueMicrotask(() =>
          calls.answer({
            type: "reply",
            id,
            ok,
            error: ok ? null : { code: "x", message: why ?? "", redo: "" },
            result: [],
          }),
        );
      },
      listen: () => {},
      doubt: () => {},
    });
    const told: string[] = [];
    return { live, snapshot, told, editing: new Editing(live, calls, (text) => told.push(text)) };
  };
  it("is shown until the flow that has it is there", async () => {
    const { live, snapshot, editing } = made(() => ({ ok: true }));
    const end = editing.onChange(() => {});
    await editing.apply([{ edit: "move" }], "", { places: { a: { x: 1, y: 2 } } });
    expect(guessed(editing.guesses).places).toEqual({ a: { x: 1, y: 2 } });
    live.replace({ ...snapshot });
    expect(editing.guesses).toEqual([]);
    end();
  });
  it("is taken back with the reason where it is refused", async () => {
    const { told, editing } = made(() => ({ ok: false, message: "that would go in a circle" }));
    const done = editing.apply([{ edit: "connect" }], "", { gone: ["w"] });
    expect(guessed(editing.guesses).gone).toEqual(["w"]);
    expect(await done).toBeNull();
    expect(editing.guesses).toEqual([]);
    expect(told).toEqual(["that would go in a circle"]);
  });
});

describe("the difference of two texts", () => {
  const made = (before: string, after: string) => {
    const { from, to, text } = difference(before, after);
    return [before.slice(from, to), text, before.slice(0, from) + text + before.slice(to)];
  };
  it.each([
    ["a: laod\nb", "a: load\nb", "ao", "oa"],
    ["same", "same", "", ""],
    ["aa", "aaa", "", "a"],
    ["aaa", "aa", "a", ""],
    ["", "new", "", "new"],
  ])("between %j and %j is as little as can be", (before, after, gone, put) => {
    expect(made(before, after)).toEqual([gone, put, after]);
  });
});

describe("the values that a node may be given", () => {
  const nodes = [
    node("a"),
    node("b"),
    node("c"),
    node("part", { kind: "flow" }),
    node("part.x", { label: "x", parent: 3 }),
    node("part.y", { label: "y", parent: 3 }),
  ];
  const fed = (source: string) => [port("v", { source })];
  const edit = info({
    inputs: [port("n", { type: "int" })],
    ports: [[], fed("a"), fed("b"), [port("day", { type: "date" })], [], fed("x")],
    gives: ["int", "str", "", "", "float", ""],
  });
  const says = (of: string) => valuesFor({ nodes, edges: [], edit }, of).map(({ says, type }) => `${says} ${type}`);
  it("are inputs, and what comes of those beside it that do not need it", () => {
    expect(says("b")).toEqual(["inputs.n int", "tasks.a.output int", "tasks.part.output "]);
    expect(says("part.y")).toEqual(["inputs.day date", "tasks.x.output float"]);
    expect(says("part.x")).toEqual(["inputs.day date"]);
  });
});

describe("a key in a menu", () => {
  it.each([
    ["g", "G"],
    ["G", "Shift+G"],
    ["Mod+c", "Ctrl+C"],
    ["Mod+Shift+Z", "Ctrl+Shift+Z"],
    ["F2", "F2"],
    ["Delete", "Delete"],
    ["[", "["],
  ])("%s reads %s", (key, read) => expect(keyText(key)).toBe(read));
  it("is that of one command alone", () => {
    const keys = COMMANDS.map(({ key }) => keyText(key)).filter((key) => key !== "");
    expect(new Set(keys).size).toBe(keys.length);
  });
});
