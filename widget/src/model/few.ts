// Numbers where there is little room.

/** A count, exact up to 99,999; a larger one in at most four characters where it is rounded: 100k, 1.5M. */
export function few(count: number): string {
  if (count < 100_000) return count.toLocaleString("en");
  const [part, sign] = count < 999_500 ? [count / 1e3, "k"] : [count / 1e6, "M"];
  return `${part < 9.95 ? Number(part.toFixed(1)) : Math.round(part).toLocaleString("en")}${sign}`;
}
