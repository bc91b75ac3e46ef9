/** What every top bar offers besides its own: go anywhere, see the keys. */
import { Keyboard, Search } from "lucide-react";

import { Button } from "../kit/button";
import { shell } from "./shell-state";

export function ShellButtons() {
  return (
    <>
      <Button
        tone="quiet"
        icon={Search}
        title="Go to… (Ctrl+K)"
        aria-label="Go to… (Ctrl+K)"
        onClick={() => shell.palette.set(true)}
      />
      <Button
        tone="quiet"
        icon={Keyboard}
        title="Keys (?)"
        aria-label="Keys (?)"
        onClick={() => shell.keys.set(true)}
      />
    </>
  );
}
