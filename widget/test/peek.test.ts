import { describe, expect, it } from "vitest";
import { Live } from "../src/model/live";
import type { Asked, Output, Part, Preview, Snapshot, Status, Table } from "../src/model/messages";
import { peekOf, withPeek } from "../src/model/peek";
import { Peeks } from "../src/model/peeks";
import { Calls } from "../src/transport";

const output = (text: string, preview: Preview | null = null): Output => ({ text, type: "", shape: "", preview });
const part = (name: string, text: string, parts: Part[] = []): Part => ({ name, text, more: 0, parts });

function table(rows: number, columns: number, cell = "x"): Preview {
  const names = Array.from({ length: columns }, (_, at): [string, string] => [`c${at}`, "str"]);
  const all = Array.from({ length: rows }, () => names.map(() => cell));
  return { kind: "table", columns: names, rows: all, index: null, of: [1_000, 40] };
}

const headOf = (preview: Preview) => peekOf(output("", preview))?.value.preview as Table;

describe("what a card shows of a value", () => {
  it("is the first rows of a table, and as many columns as have room", () => {
    const few = headOf(table(12, 3));
    expect(few).toMatchObject({ columns: [{ 0: "c0" }, { 0: "c1" }, { 0: "c2" }], of: [1_000, 40] });
    expect(few.rows.map((row) => row.length)).toEqual([3, 3, 3, 3, 3]);
    expect(headOf(table(2, 9, "a cell of many characters, more than have room in it")).columns.length).toBe(2);
  });

  it("is never larger than a card may be, whatever the value", () => {
    const huge = "x".repeat(100_000);
    const values = [
      output(huge),
      output(`${huge}\n`.repeat(200)),
      output("", table(12, 24, huge)),
      output("", { kind: "tree", root: { ...part("", ""), parts: [part(huge, huge, [part("a", "b")])], more: 3 } }),
      output(huge, { kind: "large", mime: "image/png", bytes: 1e7 }),
      output("", { kind: "html", html: huge }),
    ];
    for (const value of values) {
      const { w = 0, h = 0 } = peekOf(value)?.size ?? {};
      expect(w).toBeGreaterThan(0);
      expect(w).toBeLessThanOrEqual(300);
      expect(h).toBeLessThanOrEqual(190);
    }
    expect(peekOf(output(huge))?.value.text.length).toBeLessThan(60);
  });

  it("keeps the shape of a picture", () => {
    const preview: Preview = { kind: "picture", mime: "image/png", data: "" };
    expect(peekOf(output("", preview), { w: 1200, h: 400 })?.size).toEqual({ w: 300, h: 100 });
    expect(peekOf(output("", preview), { w: 500, h: 1_000 })?.size).toEqual({ w: 95, h: 190 });
  });

  it("has the parts of a record without theirs, and nothing of what is empty", () => {
    const root = { ...part("", "dict of 9"), parts: Array.from({ length: 9 }, () => part("a", "1", [part("b", "2")])) };
    const made = peekOf(output("", { kind: "tree", root }))?.value.preview as { root: Part };
    expect([made.root.parts.length, made.root.more]).toEqual([6, 3]);
    expect(made.root.parts.every(({ parts }) => parts.length === 0)).toBe(true);
    expect(peekOf(output(" "))).toBeNull();
  });

  it("makes its card larger by what it takes", () => {
    const peek = peekOf(output("one\ntwo"));
    const size = withPeek({ w: 172, h: 58 }, peek as NonNullable<typeof peek>);
    expect(size.w).toBe(172);
    expect(size.h).toBeGreaterThan(58 + 2 * 16);
  });
});

const of = (state: number, ended = 101): Status => [state, 0, 1, 0, 0, 0, 0, 0, null, 100, ended, null];
const [RUNNING, COMPLETED] = [2, 8];

/** A view of two nodes that have completed, and one that runs. */
function view(shows?: Snapshot["shows"]) {
  const asked: (Asked & { id: number; node: string })[] = [];
  const snapshot = {
    ...{ seq: 0, mode: "live", now: 0, run: { id: "r", state: "running" }, texts: {}, folds: [], shows },
    ...{ nodes: [{ name: "a" }, { name: "b" }, { name: "c" }], status: [of(COMPLETED), of(COMPLETED), of(RUNNING)] },
  };
  const live = new Live(snapshot as unknown as Snapshot);
  const calls = new Calls({
    snapshot: () => live.snapshot,
    send: (message) => asked.push(message as Asked & { id: number; node: string }),
    listen: () => {},
    doubt: () => {},
  });
  const peeks = new Peeks(live, calls, async () => ({ w: 4, h: 3 }));
  peeks.follow([0, 1, 2]);
  let answered = 0;
  return {
    peeks,
    asked: () => asked.map(({ node }) => node),
    answer: async (...texts: string[]) => {
      for (const text of texts) {
        const id = asked[answered++]?.id ?? -1;
        calls.answer({ type: "reply", id, ok: true, error: null, result: { output: output(text) } });
      }
      await new Promise((done) => setTimeout(done));
    },
    patch: (node: number, state: number, ended = 101) =>
      live.take({ type: "patch", seq: live.snapshot.seq + 1, now: 0, run: live.run, texts: {} }, [
        [node, of(state, ended)],
      ]),
    texts: () => [...peeks.shown].map(([node, { value }]) => [node, value.text]),
  };
}

describe("whose cards show what they gave", () => {
  it("is nobody's at first, and nothing is asked", () => {
    const { asked, patch, texts } = view();
    patch(2, COMPLETED);
    expect([asked(), texts()]).toEqual([[], []]);
  });

  it("is that of the node that was turned, until it is turned again", async () => {
    const { peeks, asked, answer, texts } = view();
    peeks.turn(1);
    await answer("of b");
    expect([asked(), texts()]).toEqual([["b"], [[1, "of b"]]]);
    peeks.turn(1);
    expect(texts()).toEqual([]);
  });

  it("is that of all that have completed, once they have, but for what its card says anyway", async () => {
    const { peeks, asked, answer, patch, texts } = view();
    peeks.turnAll();
    await answer("what a gave, at length", "42");
    expect([asked(), texts()]).toEqual([["a", "b"], [[0, "what a gave, at length"]]]);
    patch(2, COMPLETED);
    await answer("what c gave, at length");
    expect(texts()).toEqual([
      [0, "what a gave, at length"],
      [2, "what c gave, at length"],
    ]);
  });

  it("goes while a node runs again, and is asked anew then", async () => {
    const { peeks, asked, answer, patch, texts } = view();
    peeks.turn(0);
    await answer("first");
    patch(0, RUNNING);
    expect(texts()).toEqual([]);
    patch(0, COMPLETED, 102);
    expect([asked(), texts()]).toEqual([["a", "a"], []]);
    await answer("second");
    expect(texts()).toEqual([[0, "second"]]);
  });

  it("says why where a card can show nothing", () => {
    const { peeks } = view();
    expect([peeks.why(0), peeks.why(2)]).toEqual(["", "it has no result"]);
    peeks.follow(null);
    expect(peeks.why(0)).toBe("there are too many cards");
  });

  it("is kept, and shown again as it was kept, whatever somebody has written there", async () => {
    const { peeks } = view();
    expect(peeks.shows).toBeUndefined();
    peeks.turn(1);
    expect(peeks.shows).toEqual({ all: false, others: ["b"] });
    const { answer, texts } = view(peeks.shows);
    await answer("of b");
    expect(texts()).toEqual([[1, "of b"]]);
    expect(view({ all: "yes", others: 7 } as unknown as Snapshot["shows"]).peeks.shows).toBeUndefined();
  });
});
