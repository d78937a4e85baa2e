import { describe, expect, it } from "vitest";
import { framed } from "../src/model/markup";

describe("what an object wrote of itself", () => {
  it("stands behind a policy under which nothing runs and nothing is fetched", () => {
    const page = framed("<b>x</b><script>bad()</script>");
    expect(page.indexOf("Content-Security-Policy")).toBeLessThan(page.indexOf("<script>"));
    const policy = /content="([^"]*)"/.exec(page)?.[1] ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("script-src");
  });
});
