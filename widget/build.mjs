// Bundles the front end into one ESM and one style sheet beside the Python package, and the extension of JupyterLab.
import { readFile, stat, writeFile } from "node:fs/promises";
import * as esbuild from "esbuild";

const out = new URL("../stratix_tasks/view/static/", import.meta.url).pathname;
const lab = new URL("../stratix_tasks/view/stratix-tasks/static/", import.meta.url).pathname;
const limit = 600_000;

/** React Flow makes its parts by calls, of which nobody but us knows that those that nothing here uses can be left out. */
const lean = {
  name: "lean",
  setup({ onLoad }) {
    onLoad({ filter: /@xyflow\/react\/dist\/esm\/index\.m?js$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll(/ = (memo|forwardRef)\(/g, " = /* @__PURE__ */ $1("),
    }));
  },
};

const options = {
  entryPoints: { widget: "src/index.ts" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  alias: {
    react: "preact/compat",
    "react-dom": "preact/compat",
    "react/jsx-runtime": "preact/jsx-runtime",
  },
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [lean],
  legalComments: "none",
  logLevel: "warning",
};

if (process.argv.includes("--watch")) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
  for (const name of ["widget.js", "widget.css"]) {
    const text = await readFile(out + name, "utf8");
    await writeFile(out + name, text.endsWith("\n") ? text : `${text}\n`);
  }
  const remote = { entryPoints: { remoteEntry: "src/lab/remoteEntry.ts" }, outdir: lab, format: "iife" };
  await esbuild.build({ ...options, ...remote });
  const { size } = await stat(`${out}widget.js`);
  if (size > limit) throw new Error(`widget.js has ${size} bytes; the limit is ${limit}`);
}
