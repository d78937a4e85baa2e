import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Live } from "../src/model/live";
import { asked, askedAgain } from "../src/view/asking";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settled = () => vi.advanceTimersByTimeAsync(0);

test("is asked at once, or a while later", async () => {
  const told: string[] = [];
  asked(
    async () => "now",
    (one) => told.push(one),
  );
  asked(
    async () => "later",
    (one) => told.push(one),
    50,
  );
  await settled();
  expect(told).toEqual(["now"]);
  await vi.advanceTimersByTimeAsync(50);
  expect(told).toEqual(["now", "later"]);
});

test("what was let go of is not told, and not asked any more", async () => {
  const told: string[] = [];
  const ask = vi.fn(async () => "late");
  asked(ask, (one) => told.push(one))();
  asked(ask, (one) => told.push(one), 50)();
  await vi.advanceTimersByTimeAsync(100);
  expect([told, ask.mock.calls.length]).toEqual([[], 1]);
});

test("a refusal tells nothing", async () => {
  const tell = vi.fn();
  asked(() => Promise.reject(new Error("no")), tell);
  await settled();
  expect(tell).not.toHaveBeenCalled();
});

test("is asked once for some changes of a node, and not after its end", async () => {
  const changes = new Set<() => void>();
  const live = {
    onNode: (_: number, change: () => void) => {
      changes.add(change);
      return () => changes.delete(change);
    },
  } as unknown as Live;
  const ask = vi.fn(async () => 1);
  const end = askedAgain(live, 0, ask, () => {});
  for (const change of [...changes, ...changes]) change();
  await vi.advanceTimersByTimeAsync(1000);
  expect(ask).toHaveBeenCalledTimes(2);
  for (const change of changes) change();
  end();
  await vi.advanceTimersByTimeAsync(1000);
  expect([ask.mock.calls.length, changes.size]).toEqual([2, 0]);
});
