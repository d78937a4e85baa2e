import type { ComponentChildren } from "preact";
import { useUnique } from "./ids";

interface Props<Tab extends string> {
  /** What they are about. */
  label: string;
  tabs: readonly Tab[];
  tab: Tab;
  setTab: (tab: Tab) => void;
  /** What the tab shows. */
  children: ComponentChildren;
}

/** Tabs of a panel, and what the one that is chosen shows; arrows go from one to the next. */
export function Tabs<Tab extends string>({ label, tabs, tab, setTab, children }: Props<Tab>) {
  const id = useUnique();
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length] as Tab;
    const all = (event.currentTarget as HTMLElement).children;
    (all[tabs.indexOf(next)] as HTMLElement).focus();
    setTab(next);
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      <div class="stx-tabs" role="tablist" aria-label={label} onKeyDown={walk}>
        {tabs.map((one) => (
          <button
            type="button"
            role="tab"
            key={one}
            id={`${id}-${one}`}
            aria-controls={`${id}-panel`}
            aria-selected={tab === one}
            tabIndex={tab === one ? 0 : -1}
            data-testid={`tab-${one.toLowerCase()}`}
            class={tab === one ? "stx-on" : ""}
            onClick={() => setTab(one)}
          >
            {one}
          </button>
        ))}
      </div>
      <section
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${tab}`}
        data-testid={`panel-${tab.toLowerCase()}`}
      >
        {children}
      </section>
    </>
  );
}
