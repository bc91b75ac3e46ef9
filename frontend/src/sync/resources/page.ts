/** Cursor lists: `{results, next}`. */
import type { Http, RequestOptions } from "../http";

export interface Page<T> {
  results: T[];
  next: string | null;
}

/** Reads a whole cursor list; for lists that stay short (labels, members, jobs). */
export async function allPages<T>(
  http: Http,
  path: string,
  query: RequestOptions["query"] = {},
  signal?: AbortSignal,
): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await http.json<Page<T>>("GET", path, {
      query: { limit: 200, ...query, cursor },
      ...(signal ? { signal } : {}),
    });
    rows.push(...page.results);
    cursor = page.next ?? null;
  } while (cursor);
  return rows;
}
