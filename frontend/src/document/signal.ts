/** A value that tells its listeners when it changes. The one reactive primitive of the app. */
export interface ReadSignal<T> {
  get(): T;
  /** Calls `listener` after every change; returns the function that stops it. */
  subscribe(listener: () => void): () => void;
}

export class Signal<T> implements ReadSignal<T> {
  private listeners = new Set<() => void>();

  constructor(private value: T) {}

  // Arrow functions, so that they can be handed to useSyncExternalStore as they are.
  get = (): T => this.value;

  set = (next: T): void => {
    if (Object.is(next, this.value)) return;
    this.value = next;
    for (const listener of [...this.listeners]) listener();
  };

  update(change: (value: T) => T): void {
    this.set(change(this.value));
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}
