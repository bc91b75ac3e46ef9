/** What of a kept operation goes over the network. */
import type { Operation } from "./types";

/**
 * A changed mask is kept whole, so that it can be replayed and kept against a conflict, together
 * with the patch that leads to it. Where there is a patch, the patch is sent.
 */
export function onTheWire(operation: Operation): Operation {
  if (!("mask_patch" in operation.payload)) return operation;
  const { mask: _whole, ...payload } = operation.payload;
  return { ...operation, payload };
}
