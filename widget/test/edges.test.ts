import { describe, expect, it } from "vitest";
import { edgeLook } from "../src/model/edges";
import { STATES, type Status } from "../src/model/messages";

const of = (state: (typeof STATES)[number]): Status => [
  STATES.indexOf(state),
  0,
  1,
  ...([0, 0, 0, 0, 0] as const),
  ...([null, null, null, null] as const),
];

describe("an edge", () => {
  it("is plain until what it comes from has ended, and then solid", () => {
    expect(edgeLook("data", of("running"), of("pending"))).toBe("plain");
    expect(edgeLook("data", of("completed"), of("pending"))).toBe("taken");
    expect(edgeLook("data", of("completed"), of("completed"))).toBe("taken");
  });
  it("moves while what it leads to works", () => {
    for (const state of ["running", "open", "stopping"] as const)
      expect(edgeLook("data", of("completed"), of(state))).toBe("active");
  });
  it("does not move in a run that stands still", () => {
    for (const run of ["paused", "interrupted"])
      expect(edgeLook("data", of("completed"), of("open"), run)).toBe("taken");
  });
  it("is pale on a branch that was not taken", () => {
    expect(edgeLook("when", of("completed"), of("skipped"))).toBe("idle");
    expect(edgeLook("data", of("skipped"), of("completed"))).toBe("idle");
    expect(edgeLook("data", of("failed"), of("upstream_failed"))).toBe("idle");
  });
  it("leads on from a failure where that is caught, and only then", () => {
    expect(edgeLook("catch", of("failed"), of("completed"))).toBe("taken");
    expect(edgeLook("data", of("failed"), of("completed"))).toBe("idle");
    expect(edgeLook("catch", of("completed"), of("pending"))).toBe("idle");
  });
});
