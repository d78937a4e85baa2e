import { expect, it } from "vitest";
import { few } from "../src/model/few";

it("tells a count in so few characters that the name of its card has room", () => {
  expect([0, 9_999, 99_999, 100_000, 336_776, 999_499, 999_500, 1_500_000, 12_345_678].map(few)).toEqual([
    ...["0", "9,999", "99,999", "100k", "337k", "999k", "1M", "1.5M", "12M"],
  ]);
});
