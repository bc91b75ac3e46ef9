import type { Http } from "../http";
import type { UserRecord } from "../types";
import { allPages } from "./page";

export interface Preferences {
  theme?: "dark" | "light" | "system";
  [key: string]: unknown;
}

export interface User extends UserRecord {
  preferences: Preferences;
}

export interface UserRow {
  id: string;
  username: string;
  display_name: string;
}

/** `password` is there once, when the server made it. */
export interface NewUser extends UserRow {
  password?: string;
}

export interface ApiToken {
  /** The first letters, to recognise it. */
  prefix?: string;
  id: string;
  name: string;
  created: string;
  last_used?: string | null;
  expires_at?: string | null;
}

/** `token` is there once, in the answer that made it. */
export interface NewApiToken extends ApiToken {
  token: string;
}

export interface UserChanges {
  display_name?: string;
  preferences?: Preferences;
  password?: string;
  current_password?: string;
}

export function accounts(http: Http) {
  return {
    async current(): Promise<User | null> {
      return (await http.json<{ user: User | null }>("GET", "session", { anonymous: true })).user;
    },
    async signIn(username: string, password: string): Promise<User> {
      const body = { username, password };
      const answer = await http.json<{ user: User }>("POST", "session", { body, anonymous: true });
      return answer.user;
    },
    signOut: () => http.json<null>("DELETE", "session", { anonymous: true }),
    async changeMe(changes: UserChanges): Promise<User> {
      const answer = await http.json<User | { user: User }>("PATCH", "session/user", {
        body: changes,
      });
      return "user" in answer ? answer.user : answer;
    },
    tokens: () => allPages<ApiToken>(http, "tokens"),
    createToken: (name: string, expires_at: string | null) =>
      http.json<NewApiToken>("POST", "tokens", {
        body: expires_at ? { name, expires_at } : { name },
      }),
    deleteToken: (id: string) => http.json<null>("DELETE", `tokens/${id}`),
    users: (search: string) => allPages<UserRow>(http, "users", { search }),
    createUser: (body: { username: string; display_name?: string; password?: string }) =>
      http.json<NewUser>("POST", "users", { body }),
  };
}
