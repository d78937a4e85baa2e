import { BaseEdge, type EdgeProps } from "@xyflow/react";
import { route } from "../model/route";

/** An edge, on the way that the layout keeps free for it. */
export function Line({ id, sourceX, sourceY, targetX, targetY, data }: EdgeProps) {
  const bends = (data?.bends ?? []) as [number, number][];
  return <BaseEdge id={id} path={route([sourceX, sourceY], [targetX, targetY], bends)} />;
}
