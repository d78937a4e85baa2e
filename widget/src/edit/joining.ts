// Steps that place a node and wire it at once: one undo each.
import type { Fitting, PaletteItem, Port } from "../model/messages";
import type { Search } from "./commands";
import type { Edit, Editing } from "./editing";
import { around, cut, freeName, INPUTS, type Place, portsOf, type Wire, wireId, wiresOf } from "./wires";

/** Where nobody tells what keeps a wire from ending anywhere. */
export const FREE: Fitting = { why: {}, each: {} };

/** Puts a node that is there already into a wire. */
export async function join(editing: Editing, { put, into, at }: { put: string; into: Wire; at: Place }): Promise<void> {
  const ports = portsOf(editing.live.snapshot, put);
  const fits = await editing.calls.call({ type: "fits", source: into.source }).catch(() => FREE);
  const port = into.port ? best(ports, fits.why[put] ?? {}) : "";
  const places = { [put]: { x: Math.round(at.x), y: Math.round(at.y) } };
  const move = { edit: "move", places: { [put]: [Math.round(at.x), Math.round(at.y)] } };
  if (port === null) {
    editing.refuse(`${put} takes nothing of what ${into.source} gives`);
    await editing.apply([move], `move ${put}`, { places });
    return;
  }
  const each = fits.each[put]?.includes(port) ?? false;
  await editing.apply(
    [move, ...through(into, put, port, each)],
    `put ${put} between ${into.source} and ${into.target}`,
    {
      places,
      gone: [into.id],
    },
  );
}

/** The free argument that takes a value, best one that has to be given; null if none does. */
export function best(ports: readonly Port[], misfits: Record<string, string>): string | null {
  const fitting = ports.filter(({ name, text }) => !text && (misfits[name] ?? "") === "");
  return (fitting.find(({ required }) => required) ?? fitting[0])?.name ?? null;
}

function through(wire: Wire, node: string, port: string, each: boolean): Edit[] {
  return [
    ...(wire.port ? [] : [cut(wire) as Edit]),
    wired(wire.source, node, port, each),
    { edit: "connect", source: node, target: wire.target, port: wire.port },
  ];
}

/** Places what was chosen in a search, wired as that says; the name of the node. */
export async function place(editing: Editing, item: PaletteItem, search: Search): Promise<string | null> {
  const { nodes } = editing.live.snapshot;
  if (search.replaces) {
    const ports = item.ports.map(({ name }) => name);
    const done = await editing.apply([{ edit: "replace", node: search.replaces, says: item.says, ports }]);
    return done && search.replaces;
  }
  const node = freeName(item.says, nodes, search.prefix);
  const at = [search.place.x, search.place.y];
  const { source, target } = search;
  const edits: Edit[] = [];
  if (source && target && !target.port) edits.push({ edit: "disconnect", source, target: target.node });
  if (source && (item.port || !source.startsWith(INPUTS))) edits.push(wired(source, node, item.port, item.each));
  if (target) edits.push({ edit: "connect", source: node, target: target.node, port: target.port });
  const short = node.slice(search.prefix.length);
  const title = source && target ? `put ${short} between ${source} and ${target.node}` : `add ${short}`;
  const done = await editing.apply([{ edit: "add", node, says: item.says, at }, ...edits], title);
  return done && node;
}

/** Makes an input of the flow that an argument is given. */
export function addInput(editing: Editing, { name, type }: Port, { target, prefix }: Search) {
  const node = prefix.slice(0, -1);
  const { snapshot } = editing.live;
  const there = node ? portsOf(snapshot, node) : (snapshot.edit?.inputs ?? []);
  const fresh = freeName({ call: name }, there);
  const edits = [
    { edit: "set-flow", field: `inputs.${fresh}`, value: { type: type || "any" }, node },
    { edit: "connect", source: `${prefix}inputs.${fresh}`, target: target?.node, port: target?.port },
  ];
  return editing.apply(edits, `add input ${fresh}`);
}

/** Gives an argument what a source gives; of `each` one element of that, so that the node runs once for each. */
export function wired(source: string, target: string, port: string, each = false): Edit {
  if (!each) return { edit: "connect", source, target, port };
  const whole = source.startsWith(INPUTS) ? source : `tasks.${source.slice(around(source).length)}.output`;
  return { edit: "set", node: target, field: `over.${port}`, value: `\${{ ${whole} }}` };
}

/** Whether a wire of this kind is there already. */
export function isWired(editing: Editing, source: string, target: string, port: string): boolean {
  return wiresOf(editing.live.snapshot).some(({ id }) => id === wireId({ source, target, port }));
}
