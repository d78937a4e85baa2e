import { bannerOf } from "../model/banner";
import type { Live } from "../model/live";
import { Copied } from "./Copied";
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
        {banner.text} {banner.hint && <b>{banner.hint}</b>}{" "}
        {banner.code && <Copied text={banner.code} what="the line" test="to-run" />}
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
