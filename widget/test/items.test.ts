import { describe, expect, it } from "vitest";
import { ALL, sifted, toggled } from "../src/model/items";
import type { ItemPage, ItemRow, Status } from "../src/model/messages";

const row = (index: number, state: number, took: number, text = "", given: string[] = []): ItemRow =>
  [
    ...[index, `k${index}`, [state, 0, 1, 0, 0, 0, 0, 0, null, 100, 100 + took, null] as Status, text, given],
  ] as unknown as ItemRow;
const page: ItemPage = {
  ...{ total: 4, matching: 4, counts: { completed: 2, failed: 1, skipped: 1 }, columns: [] },
  rows: [row(0, 8, 1), row(1, 9, 9, "ValueError: no"), row(2, 12, 0), row(3, 8, 5, "", ["Oslo"])],
};
const found = (query: Partial<typeof ALL>, start = 0, stop = 9) =>
  sifted(page, { ...ALL, ...query }, start, stop).rows.map(([index]) => index);

describe("the items of a page with nothing behind it", () => {
  it("come with those first that ended badly, in their order, or the slowest first", () => {
    expect(found({})).toEqual([1, 0, 2, 3]);
    expect(found({ sort: "index" })).toEqual([0, 1, 2, 3]);
    expect(found({ sort: "slowest" })).toEqual([1, 3, 0, 2]);
  });
  it("are those of some states, with a text in their key, error or what they were given; a page of them", () => {
    expect(found({ states: ["completed"] })).toEqual([0, 3]);
    expect(found({ search: "valueerror" })).toEqual([1]);
    expect(found({ search: "K3" })).toEqual([3]);
    expect(found({ search: "oslo" })).toEqual([3]);
    expect(found({}, 1, 3)).toEqual([0, 2]);
    expect(sifted(page, { ...ALL, states: ["failed"] }, 0, 9).matching).toBe(1);
  });
});

describe("a state that is clicked", () => {
  it("is wanted, and not any more when it is clicked again", () => {
    const once = toggled(ALL, "failed");
    expect(once.states).toEqual(["failed"]);
    expect(toggled(once, "failed").states).toEqual([]);
  });
});
