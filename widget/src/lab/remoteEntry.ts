// A prebuilt extension of JupyterLab and Notebook 7, as the loader of such asks for it: `init` with what is shared, then `get`.
import { MIME } from "./drawing";
import { type LabPanel, type Scope, shared } from "./host";
import { outputOf } from "./output";

const NAME = "stratix-tasks";
let scope: Scope = {};

async function mimeExtension() {
  const { Panel } = await shared<{ Panel: new () => LabPanel }>(scope, "@lumino/widgets");
  const Output = outputOf(Panel);
  return {
    id: `${NAME}:saved`,
    description: "Draws flows and runs: live where a kernel has them, else as the notebook has kept them.",
    dataType: "json",
    rank: -100, // before that of widgets, which is at -10
    // Safe: in notebooks that are not trusted, too. What was kept is drawn as texts and shapes, nothing in it is run.
    rendererFactory: { safe: true, mimeTypes: [MIME], createRenderer: () => new Output() },
  };
}

const all = globalThis as { _JUPYTERLAB?: Record<string, unknown> };
all._JUPYTERLAB ??= {};
all._JUPYTERLAB[NAME] = {
  init: (given: Scope) => {
    scope = given;
  },
  get: async (module: string) => {
    if (module !== "./mimeExtension") throw new Error(`${NAME} has no ${module}`);
    const made = await mimeExtension();
    return () => ({ __esModule: true, default: made });
  },
};
