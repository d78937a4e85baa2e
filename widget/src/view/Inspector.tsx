import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ANSWER, isHeld, type Target } from "../model/actions";
import type { Chosen } from "../model/chosen";
import type { Live } from "../model/live";
import type { Inspection, Output, Status } from "../model/messages";
import { plain } from "../model/plain";
import { duration, isGiven, isOver, lookIn, lookOf, PLANNED, type StateName, stateName } from "../model/states";
import { glyphOf } from "../model/waits";
import type { Calls } from "../transport";
import { Arguments } from "./Arguments";
import type { Doing } from "./doing";
import { Given, NOTHING } from "./Given";
import { useNode, useStanding } from "./hooks";
import { Icon } from "./Icon";
import { Items } from "./Items";
import { PeekButton } from "./Peeking";
import { Scroll } from "./Scroll";
import { Sheet } from "./Sheet";
import { Shown } from "./Shown";
import { Tabs } from "./Tabs";
import { Trail } from "./Trail";
import { UnderWay } from "./UnderWay";
import { Waits } from "./Waits";

const TABS = ["Output", "Logs", "Inputs", "Config", "Code", "Why"] as const;
export type Tab = (typeof TABS)[number];

interface Props {
  live: Live;
  calls: Calls;
  chosen: Chosen;
  /** The same, as the toolbar and the keys take it; and what Python told of it. */
  target: Target;
  seen: Inspection | null;
  doing: Doing;
  /** The tab that was asked for, new each time. */
  want: { tab: Tab } | null;
  /** Goes to an item of the node, or to what it lies in. */
  go: (to: Chosen) => void;
  close: () => void;
}

/** Everything about one node, item or round; a failed one leads with its error. What can be done with it stands on the canvas. */
export function Inspector({ live, calls, chosen, target, seen, doing, want, go, close }: Props) {
  const { node, item } = chosen;
  useNode(live, node);
  const info = live.snapshot.nodes[node];
  const [tab, setTab] = useState<Tab>(live.run ? "Output" : "Config");
  useEffect(() => {
    if (want) setTab(want.tab);
  }, [want]);
  const toField = useRef(false);
  useEffect(() => {
    if (want) toField.current = true;
  }, [want]);
  const { name } = target;
  const { status: now } = useStanding(doing.abilities, target);
  if (!info) return null;
  const open = (item: number) => go({ node, item });
  const look = lookIn(now, live.standing);
  const used = live.look(node);
  return (
    <Sheet label={`Node ${info.name}`}>
      <header>
        <span class={`stx-glyph stx-s-${live.run ? look.look : "planned"}`} aria-hidden="true">
          <Icon name={glyphOf(info, live.run ? look : PLANNED, used)} />
        </span>
        <Trail nodes={live.snapshot.nodes} chosen={chosen} go={go} />
        {live.run && <span class="stx-word">{item === null || seen ? look.word : ""}</span>}
        <button type="button" class="stx-close" onClick={close} aria-label="Close">
          ×
        </button>
      </header>
      {seen && (
        <Waits
          live={live}
          node={node}
          calls={calls}
          seen={seen}
          answer={(args, from) => doing.act({ ...ANSWER, args }, target, from)}
        />
      )}
      {seen?.ill && (
        <p class="stx-unwell" data-testid="node-ill">
          {plain(seen.ill)}
        </p>
      )}
      {seen?.error && (
        <div class="stx-error" data-testid="node-error">
          <Scroll prose>
            <b>{seen.error.type}</b>
            {seen.error.message && `: ${plain(seen.error.message)}`}
          </Scroll>
          <details>
            <summary>Traceback</summary>
            <Scroll atEnd>{plain(seen.error.traceback)}</Scroll>
          </details>
        </div>
      )}
      <Tabs label={`About ${name}`} tabs={TABS} tab={tab} setTab={setTab}>
        {tab === "Output" && <Result {...{ live, calls, doing, node, item, seen, open }} status={now} />}
        {tab === "Logs" && <Logs seen={seen} />}
        {tab === "Inputs" && (seen?.args.length ?? 0) > 0 && live.run?.state !== "interrupted" && (
          <Arguments
            key={name}
            calls={calls}
            target={name}
            rows={seen?.args ?? []}
            hint={editHint(live, now)}
            toField={toField}
          />
        )}
        {tab === "Inputs" && ((seen?.args.length ?? 0) === 0 || live.run?.state === "interrupted") && (
          <Given
            empty="It takes no arguments."
            rows={seen?.inputs ?? info.inputs.map(([name, text]) => [name, { ...NOTHING, text }])}
          />
        )}
        {tab === "Config" && info.doc && <p class="stx-doc-text">{info.doc}</p>}
        {tab === "Config" && <Pairs rows={[...(seen?.options ?? []), ...info.config]} empty="Nothing is set." />}
        {tab === "Code" && <Scroll class="stx-code">{seen?.code || info.call}</Scroll>}
        {tab === "Why" && <p>{seen?.why || info.doc || "It has not been started."}</p>}
      </Tabs>
    </Sheet>
  );
}

/** What a person should know before an edit: what is not held may start meanwhile. */
function editHint(live: Live, status: Status): string {
  if (isHeld(status) || live.run?.state !== "running" || lookOf(status).word === "failed") return "";
  return "Pause it first: it may start before you save.";
}

/** States of which nothing else on the panel says why there is no output. */
const UNTOLD = new Set<StateName>(["pending", "ready", "held", "upstream_failed", "cancelled", "skipped"]);

function noOutput(live: Live, status: Status, why: string | undefined): string {
  if (!live.run) return "It has not been run.";
  const told = isOver(status) ? "It has no output." : `No output yet: it is ${lookIn(status, live.standing).word}.`;
  return why && UNTOLD.has(stateName(status)) ? `${told} ${why}` : told;
}

/** With a body that is under way. */
const BUSY = new Set<StateName>(["running", "stopping", "suspended"]);

/** What nodes of these kinds have that can be opened one by one. */
const PARTS: Record<string, string> = { map: "items", each: "items", loop: "rounds" };

interface OutputProps {
  live: Live;
  calls: Calls;
  doing: Doing;
  node: number;
  item: number | null;
  /** Of the item, where there is one. */
  status: Status;
  seen: Inspection | null;
  open: (item: number) => void;
}

function Result({ live, calls, doing, node, item, status, seen, open }: OutputProps) {
  const info = live.snapshot.nodes[node];
  const summary = item === null ? live.texts(node).summary : undefined;
  const [, , , , , , , , , started, ended] = status;
  const isPage = live.isKept;
  const page = isPage ? live.snapshot.items?.[info?.name ?? ""] : undefined;
  const most = isPage ? (page?.rows.length ?? 0) : Number.POSITIVE_INFINITY;
  const isFanOut = info?.kind === "map" || info?.kind === "each";
  const isBusy = live.run !== null && (BUSY.has(stateName(status)) || (isFanOut && stateName(status) === "open"));
  const parts = item === null ? PARTS[info?.kind ?? ""] : undefined;
  return (
    <>
      {seen?.output ? (
        <div class="stx-output">
          <span class="stx-type">{seen.output.type}</span> {besides(seen.output)}
          {item === null && !live.canAsk && <PeekButton live={live} peeks={doing.peeks} node={node} />}
          <Shown value={seen.output} />
        </div>
      ) : isBusy ? (
        <UnderWay
          live={live}
          status={status}
          seen={seen}
          text={item === null ? live.texts(node).progress : undefined}
        />
      ) : (
        <p class="stx-quiet">{summary ?? noOutput(live, status, seen?.why)}</p>
      )}
      {started !== null && ended !== null && item === null && !isGiven(status) && (
        <p class="stx-quiet">took {duration(ended - started)}</p>
      )}
      {seen && seen.metrics.length > 0 && (
        <Pairs rows={seen.metrics.map(([name, value]) => [name, String(value)])} empty="" />
      )}
      {seen && seen.attempts.length > 1 && (
        <table class="stx-attempts">
          <tbody>
            {seen.attempts.map((one) => (
              <tr key={one.attempt}>
                <td>attempt {one.attempt}</td>
                <td>{one.state}</td>
                <td>{one.error ?? ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {parts && status[4] > 0 && most > 0 && <Items live={live} calls={calls} node={node} what={parts} open={open} />}
      {page && most > 0 && most < page.total && (
        <p class="stx-quiet">
          The first {most.toLocaleString("en")} of {page.total.toLocaleString("en")} {parts}.
        </p>
      )}
    </>
  );
}

/** The arrow keys go from tab to tab, and open it. */
function Logs({ seen }: { seen: Inspection | null }) {
  const count = seen?.logs.length ?? 0;
  if (!seen || count === 0) return <p class="stx-quiet">Nothing was printed or logged.</p>;
  return (
    <>
      {seen.dropped > 0 && <p class="stx-quiet">{seen.dropped.toLocaleString("en")} more lines were not kept.</p>}
      <Scroll class="stx-logs" atEnd>
        {seen.logs.map(([at, level, text], index) => (
          <div key={index} class={`stx-log-${level}`} title={new Date(at * 1000).toISOString()}>
            {plain(text) || " "}
          </div>
        ))}
      </Scroll>
    </>
  );
}

/** The size of a value, where that is not told with its type: `30 × 4`, `of 3`. */
function besides({ type, shape }: Output): string {
  return shape.startsWith(type) ? shape.slice(type.length) : shape;
}

function Pairs({ rows, empty }: { rows: [string, ComponentChildren][]; empty: string }) {
  if (rows.length === 0) return <p class="stx-quiet">{empty}</p>;
  return (
    <dl class="stx-pairs">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
