import { useState } from "preact/hooks";
import { bannerOf } from "../model/banner";
import type { Live } from "../model/live";
import type { Ask } from "./doing";
import { useClock } from "./hooks";
import { Icon } from "./Icon";

/** One sentence about what happened to the run, and what can be done. */
export function BannerBar({ live, ask, busy }: { live: Live; ask: Ask; busy: boolean }) {
  const banner = bannerOf(live.snapshot, live.now(), live.gone);
  useClock(banner !== null && live.snapshot.mode === "live", 10_000);
  if (!banner) return null;
  return (
    <div class={`stx-banner${banner.isQuiet ? " stx-quiet-banner" : ""}`} role="status" data-testid="banner">
      {!banner.isQuiet && (
        <span class="stx-glyph stx-s-paused" aria-hidden="true">
          <Icon name="paused" />
        </span>
      )}
      <p>
        {banner.text} {banner.hint && <b>{banner.hint}</b>} {banner.code && <Code text={banner.code} />}
      </p>
      {banner.offers.length > 0 && (
        <div class="stx-choice">
          {banner.offers.map((offer, index) => (
            <button
              type="button"
              key={offer.id}
              data-testid={offer.id}
              class={`stx-button${index === 0 ? " stx-primary" : ""}`}
              title={offer.title}
              disabled={busy}
              onClick={() => ask(offer.verb, null, offer.args)}
            >
              {offer.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** A line to run, chosen as a whole by a click; where the page may write to the clipboard, a button does that. */
function Code({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <span class="stx-code-line">
      <code data-testid="to-run">{text}</code>
      {navigator.clipboard && (
        <button type="button" class="stx-button" data-testid="copy-to-run" onClick={copy}>
          {copied ? "Copied" : "Copy"}
        </button>
      )}
    </span>
  );
}
