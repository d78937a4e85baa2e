import { describe, expect, it } from "vitest";
import { above, targetOf, trail } from "../src/model/chosen";
import type { Inspection } from "../src/model/messages";

const node = (name: string, parent = -1) => ({ name, label: name.split(".").at(-1) as string, parent });
const NODES = [node("day"), node("day.prices", 0), node("day.prices.price", 1), node("report")];

describe("what is chosen", () => {
  it("says where it lies, from the outside in, and each part leads there", () => {
    expect(trail(NODES, { node: 2, item: 7 })).toEqual([
      { label: "day", to: { node: 0, item: null } },
      { label: "prices", to: { node: 1, item: null } },
      { label: "price", to: { node: 2, item: null } },
      { label: "[7]", to: { node: 2, item: 7 } },
    ]);
    expect(trail(NODES, { node: 3, item: null })).toHaveLength(1);
  });

  it("goes up from an item to its node, to the sub-flow around it, and from there to nothing", () => {
    const up = [
      { node: 2, item: 7 },
      { node: 2, item: null },
      { node: 1, item: null },
      { node: 0, item: null },
    ];
    for (const [at, from] of up.entries()) expect(above(NODES, from)).toEqual(up[at + 1] ?? null);
    expect(above(NODES, { node: 3, item: 0 })).toEqual({ node: 3, item: null });
  });

  it("is told from a node of another flow that has fewer", () => {
    expect(trail(NODES, { node: 9, item: null })).toEqual([]);
    expect(above(NODES, { node: 9, item: null })).toBeNull();
  });

  it("is one target of the toolbar and the keys: the item that is open, as Python told that it stands", () => {
    const seen = { state: "failed", wait: { name: "go" } } as unknown as Inspection;
    expect(targetOf(NODES, { node: 3, item: null }, null)).toEqual({ node: 3, item: null, name: "report" });
    expect(targetOf(NODES, { node: 3, item: 2 }, seen)).toMatchObject({
      ...{ item: 2, name: "report[2]" },
      own: { status: [9, 0, 0, 0, 0, 0, 0, 0, null, null, null, null], signal: "go" },
    });
    expect(targetOf(NODES, { node: 3, item: 2 }, null).own?.status[0]).toBe(0);
  });
});
