/**
 * "Keep mine": everything held of one object becomes new operations on top of the server's current
 * version. Pure.
 */
import type { Draft, Entry } from "./journal-store";

/**
 * Empty when nothing needs to be sent: both sides deleted the object, or all I have is a patch of a
 * mask that is no longer the current one.
 */
export function keepMineDrafts(held: readonly Entry[], newId: () => string, now: number): Draft[] {
  const first = held[0];
  const last = held[held.length - 1];
  if (!first || !last) return [];
  const record = last.record;
  const gone = record?.["deleted"] === true;
  const version = typeof record?.["version"] === "number" ? record["version"] : 0;
  const family = last.op.kind.split(".")[0] ?? "";
  const draft = (kind: string, payload: Record<string, unknown>): Draft => ({
    project: last.project,
    op: {
      ...last.op,
      id: newId(),
      kind,
      payload,
      base_version: version,
      client_time: new Date(now).toISOString(),
      active_ms: held.reduce((sum, entry) => sum + entry.op.active_ms, 0),
      clicks: held.reduce((sum, entry) => sum + entry.op.clicks, 0),
    },
  });
  if (last.op.kind.endsWith(".delete")) return gone ? [] : [draft(last.op.kind, {})];
  if (!["annotation", "comment", "label"].includes(family)) {
    return [draft(last.op.kind, last.op.payload)];
  }
  const payload = squashed(held);
  if ("mask_patch" in payload) return [];
  if (record === null && first.op.kind.endsWith(".create")) return [draft(first.op.kind, payload)];
  const update = draft(`${family}.update`, withoutPlace(payload));
  return gone ? [draft(`${family}.restore`, {}), update] : [update];
}

/** The last word on every field; a full mask makes earlier patches void. */
function squashed(held: readonly Entry[]): Record<string, unknown> {
  const payload: Record<string, unknown> = {};
  for (const { op } of held) {
    Object.assign(payload, op.payload);
    if ("mask" in op.payload) delete payload["mask_patch"];
    if ("recipe" in op.payload) delete payload["recipe_patch"];
  }
  return payload;
}

/** What only a create may say. */
function withoutPlace(payload: Record<string, unknown>): Record<string, unknown> {
  const { image: _image, layer: _layer, ...rest } = payload;
  return rest;
}
