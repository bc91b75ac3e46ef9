import { useSignal } from "../data";
import { LinkButton } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { shell } from "./shell-state";

const EVERYWHERE = {
  title: "Everywhere",
  rows: [
    { keys: "Ctrl+K", what: "Go to a project, a job or a page" },
    { keys: "?", what: "This sheet" },
    { keys: "Esc", what: "Close what is open" },
  ],
};

export function KeysSheet() {
  const groups = useSignal(shell.keyGroups);
  return (
    <Dialog title="Keys" onClose={() => shell.keys.set(false)}>
      {[EVERYWHERE, ...groups].map((group) => (
        <section key={group.title}>
          <h3 className="sub-head">{group.title}</h3>
          <dl className="keys">
            {group.rows.map((row) => (
              <div key={row.keys}>
                <dt>
                  {row.keys.split("+").map((key) => (
                    <kbd key={key} className="kbd">
                      {key}
                    </kbd>
                  ))}
                </dt>
                <dd>{row.what}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <LinkButton tone="quiet" href="/account" onClick={() => shell.keys.set(false)}>
        Change the keys
      </LinkButton>
    </Dialog>
  );
}
