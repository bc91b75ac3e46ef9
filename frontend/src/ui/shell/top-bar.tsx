import { useState, type ReactNode } from "react";
import { LogOut, Server, UserRound } from "lucide-react";
import { Link } from "wouter";

import { sync } from "../../sync";
import { useMe } from "../data";
import { Button, LinkButton } from "../kit/button";
import { Mark } from "./mark";
import { SyncBadge } from "./sync-badge";
import { ShellButtons } from "./shell-buttons";

interface TopBarProps {
  /** Where am I: "Orchard / Jobs". */
  children?: ReactNode;
}

export function TopBar({ children }: TopBarProps) {
  const me = useMe();
  const [leaving, setLeaving] = useState(false);
  const signOut = () => {
    setLeaving(true);
    sync.session.signOut().catch(() => setLeaving(false));
  };
  return (
    <header className="top-bar">
      <Link href="/" className="top-home" title="All projects">
        <Mark /> <span>samweb</span>
      </Link>
      <nav className="top-where clip" aria-label="Where am I">
        {children}
      </nav>
      <SyncBadge />
      <ShellButtons />
      {me.is_admin && (
        <LinkButton
          tone="quiet"
          icon={Server}
          href="/instance"
          title="Models and workers"
          aria-label="Models and workers"
        />
      )}
      <LinkButton tone="quiet" icon={UserRound} href="/account" title="Your account">
        {me.display_name || me.username}
      </LinkButton>
      <Button
        tone="quiet"
        icon={LogOut}
        title="Sign out"
        aria-label="Sign out"
        busy={leaving}
        onClick={signOut}
      />
    </header>
  );
}
