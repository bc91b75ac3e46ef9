import { useState, type FormEvent } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { sync } from "../../sync";
import type { ApiToken, NewApiToken } from "../../sync/api";
import { Button } from "../kit/button";
import { Choice, Field } from "../kit/field";
import { ErrorNote, Note } from "../kit/notes";
import { Secret } from "../kit/secret";
import { ago } from "../kit/words";

const LIVES: readonly (readonly [string, string])[] = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "A year"],
  ["", "Until revoked"],
];

function endOf(days: string): string | null {
  return days ? new Date(Date.now() + Number(days) * 86_400_000).toISOString() : null;
}

/** For scripts. A token is shown once; afterwards only that it exists. */
export function Tokens() {
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [made, setMade] = useState<NewApiToken | null>(null);
  const client = useQueryClient();
  const tokens = useQuery({ queryKey: ["tokens"], queryFn: () => sync.server.accounts.tokens() });
  const create = useMutation({
    mutationFn: () => sync.server.accounts.createToken(name.trim(), endOf(days)),
    onSuccess: (token) => {
      setMade(token);
      setName("");
      return client.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>API tokens</h2>
        <a className="link" href="/api/docs/">
          API documentation
        </a>
      </div>
      <form className="row row-bottom" onSubmit={submit}>
        <Field
          label="What for"
          placeholder="nightly export"
          required
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Choice label="Valid for" value={days} options={LIVES} onChange={setDays} />
        <Button type="submit" busy={create.isPending} disabled={!name.trim()}>
          Make a token
        </Button>
      </form>
      <ErrorNote error={create.error} what="The token was not made." />
      {made && (
        <>
          <Note tone="warn">Copy it now: it is not shown again.</Note>
          <Secret text={made.token} />
        </>
      )}
      <ErrorNote error={tokens.error} what="The tokens could not be loaded." />
      <TokenTable tokens={tokens.data ?? []} />
    </section>
  );
}

function TokenTable({ tokens }: { tokens: readonly ApiToken[] }) {
  if (tokens.length === 0) return null;
  return (
    <table className="table">
      <thead>
        <tr>
          <th>For</th>
          <th>Made</th>
          <th>Last used</th>
          <th>Ends</th>
          <th />
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <TokenRow key={token.id} token={token} />
        ))}
      </tbody>
    </table>
  );
}

function TokenRow({ token }: { token: ApiToken }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => sync.server.accounts.deleteToken(token.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
  return (
    <tr>
      <td>
        {token.name} {token.prefix && <span className="mono muted">{token.prefix}…</span>}
      </td>
      <td className="muted">{ago(token.created)}</td>
      <td className="muted">{ago(token.last_used)}</td>
      <td className="muted">
        {token.expires_at
          ? new Date(token.expires_at).toLocaleDateString("en", { dateStyle: "medium" })
          : "when revoked"}
      </td>
      <td className="num">
        <Button tone="danger" busy={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke
        </Button>
      </td>
    </tr>
  );
}
