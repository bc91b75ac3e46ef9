/** `window.samweb.sync`: read-only, for browser tests and people with a console. */
import { sync } from "../../sync";

interface Hook {
  sync: { state: string; pending: number };
}

export function announceSync(): void {
  const page = window as unknown as { samweb?: Partial<Hook> };
  const hook = (page.samweb ??= {});
  if (Object.getOwnPropertyDescriptor(hook, "sync")) return;
  Object.defineProperty(hook, "sync", {
    enumerable: true,
    configurable: true,
    get: () => {
      const state = sync.journal.state.get();
      return { state: state.kind, pending: state.kind === "saved" ? 0 : state.pending };
    },
  });
}
