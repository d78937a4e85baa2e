import { useEffect, useRef } from "preact/hooks";
import type { Target } from "../model/actions";
import { STROKES } from "../model/glyphs";
import type { Live } from "../model/live";
import { looksOf } from "../model/paint";
import type { Peeks } from "../model/peeks";
import { firstView, intoView, type View, wholeView } from "../model/place";
import type { Item, Scene } from "../model/scene";
import { Control, Controls } from "./Controls";
import { type Camera, uncovered } from "./camera";
import type { Doing } from "./doing";
import { NodeTools } from "./NodeTools";
import { usePeeks } from "./Peeking";
import { SmallMap } from "./SmallMap";

export interface OverProps {
  live: Live;
  scene: Scene;
  last: number | null;
  selected: number | null;
  /** What the toolbar is about: the selected node, or the item of it that is open. */
  target: Target | null;
  doing: Doing;
  root: HTMLElement;
  camera: Camera;
  /** Whether a hand has moved the view. */
  moved: { current: boolean };
}

/** What stands above the graph: the controls, the toolbar of the selected node. Shows the graph when it opens and when the page
 * gives it another width. Where a hand has moved it, it stays; but a node that is chosen is never left outside, or under a panel. */
export function Over({ live, scene, last, selected, target, doing, root, camera, moved }: OverProps) {
  const { w, h } = camera.size;
  const { nodes } = live.snapshot;
  const done = useRef({ shape: "", w: 0, selected, scene });
  /** What was shown before the view moved for a chosen node, and what it moved to: it goes back when the panel closes. */
  const home = useRef<{ back: View; from: View } | null>(null);
  useEffect(() => {
    const shape = nodes.map((node) => node.name).join();
    const was = done.current;
    if (!w || !h || nodes.length === 0) return;
    done.current = { shape, w, selected, scene };
    if (shape !== was.shape || (w !== was.w && !moved.current && selected === null)) {
      moved.current = false;
      camera.move(firstView(scene.items, camera.size, null));
      home.current = null;
    } else if (scene !== was.scene) {
      // What is opened or closed stays where it is, and is to be seen; where that is all, what is in the middle stays.
      const held = last ?? middle(was.scene, camera);
      const [before, now] = [was.scene.boxes[held], scene.boxes[held]];
      const { x, y, zoom } = camera.view;
      if (before && now) {
        const to = { x: x + (before.x - now.x) * zoom, y: y + (before.y - now.y) * zoom, zoom };
        const turned = last !== null && (before.w !== now.w || before.h !== now.h);
        camera.move(turned ? intoView(now, uncovered(root, camera.size), to) : to);
      }
    } else if (selected !== was.selected || (w !== was.w && selected !== null)) {
      const chosen = selected === null ? null : scene.boxes[selected];
      const to = chosen ? intoView(chosen, uncovered(root, camera.size), camera.view) : null;
      if (to && !same(to, camera.view)) {
        home.current ??= { back: camera.view, from: to };
        home.current.from = to;
        camera.move(to);
      } else if (!chosen && home.current) {
        if (same(home.current.from, camera.view)) camera.move(home.current.back);
        home.current = null;
      }
    }
  }, [live, live.version, scene, selected, w, h]);
  const node = selected === null ? undefined : nodes[selected];
  const box = selected === null ? undefined : scene.boxes[selected];
  return (
    <>
      <Controls
        camera={camera}
        fit={() => camera.move(wholeView(scene.items, uncovered(root, camera.size)), true)}
        root={root}
      >
        {live.run && <PeekAll peeks={doing.peeks} />}
      </Controls>
      <SmallMap
        {...{ live, boxes: scene.items, camera, root }}
        look={(at) => {
          const item = scene.items[at];
          return item && !item.open ? looksOf(live, item.id).look : "";
        }}
      />
      {selected !== null && node && target && box && live.run && live.canAsk && (
        <NodeTools
          live={live}
          doing={doing}
          target={target}
          box={box}
          others={node.kind === "flow" ? [] : scene.items.filter((other) => other.id !== selected && !other.open)}
          view={camera.view}
          canvas={camera.size}
          root={root}
        />
      )}
    </>
  );
}

/** Puts all results into their cards, or takes them out. */
function PeekAll({ peeks }: { peeks: Peeks }) {
  usePeeks(peeks);
  const name = `${peeks.all ? "Hide" : "Show"} the results in the cards`;
  return (
    <Control
      id="peek-all"
      name={peeks.whyAll ? `${name}: ${peeks.whyAll}` : `${name} (Shift+O)`}
      path={STROKES.peek ?? ""}
      pressed={peeks.all}
      disabled={peeks.whyAll !== ""}
      act={() => peeks.turnAll()}
    />
  );
}

/** The card nearest to the middle of the canvas. */
function middle({ items }: Scene, { view, size }: Camera): number {
  const [x, y] = [(size.w / 2 - view.x) / view.zoom, (size.h / 2 - view.y) / view.zoom];
  const away = ({ open, ...box }: Item) =>
    open ? Number.POSITIVE_INFINITY : Math.hypot(box.x + box.w / 2 - x, box.y + box.h / 2 - y);
  return items.reduce((best, item) => (away(item) < away(best) ? item : best), items[0] as Item)?.id ?? -1;
}

function same(a: View, b: View): boolean {
  return a.zoom === b.zoom && Math.hypot(a.x - b.x, a.y - b.y) < 1;
}
