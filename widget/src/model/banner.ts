// What a view says on top when a run needs a word from a person, and what it offers.
import type { Snapshot } from "./messages";

export interface Offer {
  id: string;
  label: string;
  title: string;
  verb: string;
  args: Record<string, unknown>;
}

export interface Banner {
  text: string;
  /** What to do first, or what else there is. */
  hint: string;
  /** What to run in a cell. */
  code?: string;
  /** It tells, and asks for nothing. */
  isQuiet?: boolean;
  offers: Offer[];
}

const OVER = ["completed", "failed", "cancelled"];
const GONE = "No kernel answers this view. Nothing recorded is lost.";
const TO_GO_ON = "To see how the run stands, and to go on with it, run:";

/** The banner of a view, or null. `gone`: no kernel answers. */
export function bannerOf(snapshot: Snapshot, now: number, gone: boolean): Banner | null {
  const { run, flow } = snapshot;
  if (snapshot.mode === "saved") return saved(snapshot);
  if (gone && !run) return { text: "No kernel answers this view.", hint: againOf(flow), offers: [] };
  if (gone)
    return run && !OVER.includes(run.state) ? { text: GONE, hint: TO_GO_ON, code: opens(run.id), offers: [] } : null;
  if (!run) return leftOfFlow(flow.interrupted ?? [], now);
  if (run.state === "interrupted" && run.left) {
    const { at, missing, changed } = run.left;
    const text = `The kernel that ran this has ended; its last step was recorded ${ago(now - at)} ago. ${count(run.done)} of ${count(run.total)} done, nothing recorded is lost.`;
    if (missing.length > 0) return { text, hint: define(missing), offers: [goOn({ run: run.id, changed: "ask" })] };
    if (changed.length > 0)
      return { text, hint: `The code of ${listed(changed)} has changed since.`, offers: choices(run.id) };
    return { text, hint: "", offers: [goOn({ run: run.id, changed: "ask" })] };
  }
  if (run.state !== "paused" && run.state !== "pausing") return null;
  if (run.reason === "code-changed")
    return {
      text: "Paused: code of this run has changed since its kernel ended.",
      hint: "Say how it goes on.",
      offers: choices(run.id),
    };
  const told = run.reason === null ? undefined : REASONS[run.reason];
  return told ? { ...told, offers: [resume] } : null;
}

/** A view that a notebook has kept: of when it is, and what to run for a live one. */
function saved({ now, run, flow }: Snapshot): Banner {
  const when = new Date(now * 1000).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  const quiet = { text: `As saved on ${when}.`, offers: [], isQuiet: true };
  if (!run) return { ...quiet, isQuiet: !flow.unsaved, hint: againOf(flow) };
  const code = opens(run.id);
  if (OVER.includes(run.state)) return { ...quiet, hint: "For a live view, run:", code };
  const text = `As saved on ${when}, with ${count(run.done)} of ${count(run.total)} done. Nothing recorded is lost.`;
  return { text, hint: TO_GO_ON, code, offers: [] };
}

/** What brings a flow back to life. */
function againOf({ unsaved }: Snapshot["flow"]): string {
  if (!unsaved) return "Run its cell for a live view.";
  return `Run its cell: its editor offers the ${unsaved === 1 ? "edit" : `${count(unsaved)} edits`} that nobody saved.`;
}

/** Shows a run in any kernel that has its store; an interrupted one goes on from there by a click. */
function opens(run: string): string {
  return `from stratix_tasks import default_engine; default_engine().run(${JSON.stringify(run)})`;
}

const resume: Offer = {
  id: "banner-recover",
  label: "Resume",
  title: "Resume the run",
  verb: "resume",
  args: {},
};

const REASONS: Record<string, { text: string; hint: string }> = {
  "max-recoveries": {
    text: "Paused: its kernel died again and again while bodies ran, and one of them may be why.",
    hint: "Look at what was running, then try again.",
  },
  disk: { text: "Paused: the disk is full, so that nothing can be recorded.", hint: "Free some space first." },
};

function leftOfFlow(interrupted: { id: string; created: number }[], now: number): Banner | null {
  const newest = interrupted[0];
  if (!newest) return null;
  const many = interrupted.length;
  const when = `${ago(now - newest.created)} ago`;
  return {
    text: many === 1 ? `1 interrupted run, started ${when}.` : `${many} interrupted runs, the newest started ${when}.`,
    hint: many === 1 ? "" : "recover() goes on with all of them.",
    offers: [goOn({ run: newest.id, changed: "ask" })],
  };
}

function goOn(args: Record<string, unknown>): Offer {
  const title = "Go on here from the last recorded step";
  return { id: "banner-recover", label: "Go on", title, verb: "recover", args };
}

function choices(run: string): Offer[] {
  const offer = (id: string, label: string, changed: string, title: string) => ({
    ...{ id, label, title, verb: "recover" },
    args: { run, changed },
  });
  return [
    offer("banner-recover", "Keep results", "reuse", "Keep every recorded result and go on with the new code"),
    offer("banner-rerun", "Run changed again", "rerun", "Run the changed nodes again, and what depends on them"),
    offer("banner-fork", "New run", "fork", "Cancel this run; a new one takes over what has not changed"),
  ];
}

/** `__main__:work` is a cell's, `mylib:work` a module's. */
function define(calls: string[]): string {
  const cells = calls.filter((call) => call.startsWith("__main__:"));
  const modules = [...new Set(calls.filter((call) => !call.startsWith("__main__:")).map((call) => call.split(":")[0]))];
  const first = cells.length > 0 ? [`run the cells that define ${listed(cells)}`] : [];
  const then = modules.length > 0 ? [`make ${modules.join(", ")} importable`] : [];
  return `First ${[...first, ...then].join(" and ")}.`;
}

function listed(calls: string[]): string {
  const names = calls.map((call) => call.split(":")[1] ?? call);
  return names.length > 4 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more` : names.join(", ");
}

function count(value: number): string {
  return value.toLocaleString("en");
}

const UNITS: [number, string][] = [
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** A time span in its largest unit: 3 minutes, 1 hour. */
export function ago(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, "second"];
  const many = Math.max(Math.floor(seconds / size), 1);
  return `${many} ${unit}${many === 1 ? "" : "s"}`;
}
