/** What of a kept operation goes over the network. */
import type { Operation } from "./types";

/**
 * A changed mask or recipe is kept whole, so that it can be replayed and kept against a conflict,
 * together with the patch that leads to it. Where there is a patch, the patch is sent.
 */
export function onTheWire(operation: Operation): Operation {
  const payload = { ...operation.payload };
  if ("mask_patch" in payload) delete payload["mask"];
  if ("recipe_patch" in payload) delete payload["recipe"];
  return { ...operation, payload };
}
