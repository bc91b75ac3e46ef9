import { useState } from "react";
import { Check, Copy } from "lucide-react";

import { Button } from "./button";

/** Plain http has no clipboard API; the text can be selected with one click anyway. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export function Secret({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div className="secret">
      <code data-testid="secret">{text}</code>
      <Button
        icon={copied ? Check : Copy}
        onClick={() => void copy(text).then((done) => setCopied(done))}
      >
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
