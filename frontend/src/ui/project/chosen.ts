import { useState } from "react";

import type { Image } from "../../sync/api";

export interface Chosen {
  ids: ReadonlySet<string>;
  /** In the order of the list; what a filter hides stays chosen but is not acted on. */
  images: readonly Image[];
  toggle: (image: Image, range: boolean) => void;
  clear: () => void;
}

/** Choosing in a list: one by one, or with Shift everything since the last one. */
export function useChosen(images: readonly Image[]): Chosen {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState<string | null>(null);
  const toggle = (image: Image, range: boolean) => {
    const next = new Set(ids);
    const adds = !ids.has(image.id);
    for (const id of range ? between(images, last, image.id) : [image.id]) {
      if (adds) next.add(id);
      else next.delete(id);
    }
    setIds(next);
    setLast(image.id);
  };
  return {
    ids,
    images: images.filter((image) => ids.has(image.id)),
    toggle,
    clear: () => setIds(new Set()),
  };
}

/** The ids from one to the other, both included, whichever comes first. */
export function between(
  images: readonly { id: string }[],
  from: string | null,
  to: string,
): string[] {
  const ids = images.map((image) => image.id);
  const [a, b] = [ids.indexOf(from ?? to), ids.indexOf(to)];
  return a < 0 || b < 0 ? [to] : ids.slice(Math.min(a, b), Math.max(a, b) + 1);
}
