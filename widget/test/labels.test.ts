import { describe, expect, it } from "vitest";
import ROWS from "../../tests/formats/labels.json";
import { Labels } from "../src/model/labels";

interface Row {
  text: string;
  from: [number, number];
  to: [number, number];
  others?: number;
  cards?: [number, number, number, number][];
  label: [string, number, number] | null;
}

describe("a label", () => {
  it.each(ROWS as Row[])("stands on the page where pictures have it: $text $from $cards", (row) => {
    const cards = [[300, 100, 172, 58] as const, ...(row.cards ?? [])];
    const labels = new Labels(cards.map(([x, y, w, h]) => ({ x, y, w, h })));
    for (let other = 0; other < (row.others ?? 0); other++) expect(labels.put("> 0", row.from, row.to)).not.toBeNull();
    const put = labels.put(row.text, row.from, row.to);
    expect(put && [put.text, put.x, put.y]).toEqual(row.label);
  });
});
