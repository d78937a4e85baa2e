import { describe, expect, it } from "vitest";
import type { RunInfo, Status } from "../src/model/messages";
import { elapsed, remaining, underWay } from "../src/model/running";

const running = (progress: number | null, attempt = 1): Status => [
  2,
  0,
  attempt,
  0,
  0,
  0,
  0,
  0,
  progress,
  100,
  null,
  null,
];

describe("a run", () => {
  const run = { state: "running", started: 100, ended: null, usual: 30 } as unknown as RunInfo;
  it("tells how long it may still take, while it goes on and is not late", () => {
    expect(elapsed(run, 110)).toBe("10 s · about 20 s left");
    expect(elapsed(run, 140)).toBe("40 s");
    expect(elapsed({ ...run, usual: null }, 110)).toBe("10 s");
    expect(elapsed({ ...run, state: "paused" }, 110)).toBe("10 s");
    expect(elapsed({ ...run, state: "completed", ended: 120 }, 500)).toBe("20 s");
  });
});

describe("a body that is under way", () => {
  it("may take as long as what it has done tells, else as long as it took before", () => {
    expect(remaining(running(0.25), 1000, 110)).toBe(30);
    expect(remaining(running(null), 15, 110)).toBe(5);
    expect(remaining(running(null), 5, 110)).toBeNull();
    expect(remaining(running(null), null, 110)).toBeNull();
  });
  it("is, of a fan-out, as far as its items", () => {
    const map: Status = [13, 0, 0, 3, 8, 1, 2, 0, null, 100, null, null];
    expect(remaining(map, null, 110)).toBe(10);
    expect(underWay(map, null, 110)).toBe("for 10 s · 4 of 8 · about 10 s left");
  });
  it("says since when it runs, which attempt it is, and what may be left", () => {
    expect(underWay(running(0.5, 2), null, 110)).toBe("for 10 s · attempt 2 · about 10 s left");
    expect(underWay(running(null), 4, 110)).toBe("for 10 s · usually takes 4.0 s");
    expect(underWay(running(null), null, 110)).toBe("for 10 s");
    expect(underWay(running(0.99), null, 110)).toBe("for 10 s");
  });
});
