import { BaseEdge, type EdgeProps } from "@xyflow/react";
import { route } from "../model/route";

/** An edge, on the way that the layout keeps free for it. It has no id: other views on the page have edges of the same name. */
export function Line({ sourceX, sourceY, targetX, targetY, data }: EdgeProps) {
  const bends = (data?.bends ?? []) as [number, number][];
  return <BaseEdge path={route([sourceX, sourceY], [targetX, targetY], bends)} />;
}
