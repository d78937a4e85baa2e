import { useEffect, useState } from "preact/hooks";
import { asked } from "../view/asking";
import { Scroll } from "../view/Scroll";
import { Sheet } from "../view/Sheet";
import { Tabs } from "../view/Tabs";
import type { Selection } from "./commands";
import type { Editing } from "./editing";
import { FormTab } from "./FormTab";
import { TextTab } from "./TextTab";

const TABS = ["Config", "YAML", "Code"] as const;
export type EditTab = (typeof TABS)[number];

interface Props {
  editing: Editing;
  selection: Selection;
  select: (nodes: string[]) => void;
  tab: EditTab;
  setTab: (tab: EditTab) => void;
  /** The field to be filled in. */
  wanted: { node: string; field: string };
  show: (node: string, field: string) => void;
}

/** About what is selected; about the flow, where nothing is. */
export function EditPanel({ editing, selection, select, tab, setTab, wanted, show }: Props) {
  const { nodes } = selection;
  const about = nodes.length === 1 ? (nodes[0] ?? "") : "";
  const name = nodes.length > 1 ? `${nodes.length} nodes` : about || editing.live.snapshot.flow.name;
  return (
    <Sheet label={`About ${name}`} beside testid="edit-panel">
      <header>
        <b>{name}</b>
        <span class="stx-word">{nodes.length > 1 ? "" : about ? kindOf(editing, about) : "flow"}</span>
      </header>
      <Tabs label={`About ${name}`} tabs={TABS} tab={tab} setTab={setTab}>
        {tab === "Config" && nodes.length > 1 && <Several names={nodes} select={select} />}
        {tab === "Config" && <FormTab key={nodes.join(" ")} {...{ editing, nodes, wanted, show }} />}
        {tab === "YAML" && <TextTab editing={editing} selected={nodes} select={select} />}
        {tab === "Code" && <Code editing={editing} node={about} />}
      </Tabs>
    </Sheet>
  );
}

function kindOf(editing: Editing, name: string): string {
  return editing.live.snapshot.nodes.find((node) => node.name === name)?.call ?? "";
}

function Several({ names, select }: { names: string[]; select: (nodes: string[]) => void }) {
  return (
    <p class="stx-several">
      {names.map((name, at) => (
        <>
          {at > 0 && ", "}
          <button type="button" class="stx-link" key={name} onClick={() => select([name])}>
            {name}
          </button>
        </>
      ))}
      : what is said here is said of all.
    </p>
  );
}

/** The code of a node's function; of the flow as a whole what a cell would say. */
function Code({ editing, node }: { editing: Editing; node: string }) {
  const [told, setTold] = useState({ of: "", text: "" });
  const key = `${node}|${editing.live.version}`;
  useEffect(() => {
    const code = () =>
      node
        ? editing.calls.call({ type: "inspect", node, item: null }).then(({ code }) => code)
        : editing.calls.call({ type: "python" });
    return asked(
      () => code().catch((error: Error) => error.message),
      (text) => setTold({ of: node, text }),
    );
  }, [key]);
  return <Scroll class="stx-code">{told.of === node ? told.text || "There is no code to show." : ""}</Scroll>;
}
