// Steps that place a node and wire it at once: one undo each.
import type { PaletteItem, Port } from "../model/messages";
import type { Search } from "./commands";
import type { Edit, Editing } from "./editing";
import { around, cut, freeName, INPUTS, type Place, portsOf, type Wire, wireId, wiresOf } from "./wires";

/** Puts a node that is there already into a wire. */
export async function join(editing: Editing, { put, into, at }: { put: string; into: Wire; at: Place }): Promise<void> {
  const ports = portsOf(editing.live.snapshot, put);
  const fits = await editing.calls
    .call({ type: "fits", source: into.source })
    .catch(() => ({}) as Record<string, Record<string, string>>);
  const port = into.port ? best(ports, fits[put] ?? {}) : "";
  const places = { [put]: { x: Math.round(at.x), y: Math.round(at.y) } };
  const move = { edit: "move", places: { [put]: [Math.round(at.x), Math.round(at.y)] } };
  if (port === null) {
    editing.refuse(`${put} takes nothing of what ${into.source} gives`);
    await editing.apply([move], `move ${put}`, { places });
    return;
  }
  await editing.apply([move, ...through(into, put, port)], `put ${put} between ${into.source} and ${into.target}`, {
    places,
    gone: [into.id],
  });
}

/** The free argument that takes a value, best one that has to be given; null if none does. */
export function best(ports: readonly Port[], misfits: Record<string, string>): string | null {
  const fitting = ports.filter(({ name, text }) => !text && (misfits[name] ?? "") === "");
  return (fitting.find(({ required }) => required) ?? fitting[0])?.name ?? null;
}

function through(wire: Wire, node: string, port: string): Edit[] {
  return [
    ...(wire.port ? [] : [cut(wire) as Edit]),
    { edit: "connect", source: wire.source, target: node, port },
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
  const wired: Edit[] = [];
  if (source && target && !target.port) wired.push({ edit: "disconnect", source, target: target.node });
  if (source && item.each) wired.push(mapped(source, node, item.port));
  else if (source && (item.port || !source.startsWith(INPUTS)))
    wired.push({ edit: "connect", source, target: node, port: item.port });
  if (target) wired.push({ edit: "connect", source: node, target: target.node, port: target.port });
  const short = node.slice(search.prefix.length);
  const title = source && target ? `put ${short} between ${source} and ${target.node}` : `add ${short}`;
  const done = await editing.apply([{ edit: "add", node, says: item.says, at }, ...wired], title);
  return done && node;
}

/** Runs a node once for each element of what a source gives. */
function mapped(source: string, node: string, port: string): Edit {
  const whole = source.startsWith(INPUTS) ? source : `tasks.${source.slice(around(source).length)}.output`;
  return { edit: "set", node, field: `over.${port}`, value: `\${{ ${whole} }}` };
}

/** Whether a wire of this kind is there already. */
export function isWired(editing: Editing, source: string, target: string, port: string): boolean {
  return wiresOf(editing.live.snapshot).some(({ id }) => id === wireId({ source, target, port }));
}
