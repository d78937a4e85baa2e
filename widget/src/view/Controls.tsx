import type { ComponentChildren } from "preact";
import { zoomed } from "../model/place";
import type { Camera } from "./camera";
import { useFull } from "./full";

const STEP = 1.25;

interface ControlsProps {
  camera: Camera;
  /** Shows all of the graph. */
  fit: () => void;
  root: HTMLElement;
  children?: ComponentChildren;
}

/** Zoom, the whole graph, the whole window, and what else there is. */
export function Controls({ camera, fit, root, children }: ControlsProps) {
  const full = useFull(root);
  const { w, h } = camera.size;
  const zoom = (by: number) => camera.move(zoomed(camera.view, by, { x: w / 2, y: h / 2 }), true);
  return (
    <div class="stx-controls" role="group" aria-label="View">
      <Control id="zoom-in" name="Zoom in" path="M-4 0H4M0 -4V4" act={() => zoom(STEP)} />
      <Control id="zoom-out" name="Zoom out" path="M-4 0H4" act={() => zoom(1 / STEP)} />
      <Control
        id="fit"
        name="Show the whole graph"
        path="M-4 -1.6V-4H-1.6M1.6 -4H4V-1.6M4 1.6V4H1.6M-1.6 4H-4V1.6"
        act={fit}
      />
      <Control
        id="full"
        name={full.on ? "Leave the full window (Esc)" : "Full window"}
        path={
          full.on
            ? "M-4 -0.6H-0.6V-4M0.6 4V0.6H4M-0.6 -0.6L-4 -4M0.6 0.6L4 4"
            : "M1 -4H4V-1M-1 4H-4V1M4 -4L0.8 -0.8M-4 4L-0.8 0.8"
        }
        pressed={full.on}
        act={full.toggle}
      />
      {children}
    </div>
  );
}

interface ControlProps {
  id: string;
  name: string;
  path: string;
  pressed?: boolean;
  disabled?: boolean;
  act: () => void;
}

export function Control({ id, name, path, pressed, disabled, act }: ControlProps) {
  return (
    <button
      type="button"
      data-testid={id}
      title={name}
      aria-label={name}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={act}
    >
      <svg width="14" height="14" viewBox="-6 -6 12 12" aria-hidden="true">
        <path
          d={path}
          fill="none"
          stroke="currentColor"
          stroke-width="1.5"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      </svg>
    </button>
  );
}
