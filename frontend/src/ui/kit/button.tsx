import type { AnchorHTMLAttributes, ButtonHTMLAttributes, ReactNode } from "react";
import { LoaderCircle, type LucideIcon } from "lucide-react";
import { Link } from "wouter";

export type Tone = "plain" | "primary" | "quiet" | "danger";

interface Look {
  tone?: Tone;
  icon?: LucideIcon;
  children?: ReactNode;
}

function classOf(tone: Tone, iconOnly: boolean): string {
  return ["btn", tone === "plain" ? "" : `btn-${tone}`, iconOnly ? "btn-icon" : ""]
    .filter(Boolean)
    .join(" ");
}

interface ButtonProps extends Look, ButtonHTMLAttributes<HTMLButtonElement> {
  /** Shows that the press has been heard while the answer is awaited. */
  busy?: boolean;
}

export function Button({ tone = "plain", icon: Icon, busy, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={classOf(tone, !children)}
      disabled={(rest.disabled ?? false) || busy === true}
      aria-busy={busy}
    >
      {busy ? <LoaderCircle className="spin" aria-hidden /> : Icon && <Icon aria-hidden />}
      {children}
    </button>
  );
}

interface LinkButtonProps extends Look, AnchorHTMLAttributes<HTMLAnchorElement> {
  href: string;
  /** A file of the server, not a page of this app. */
  file?: boolean;
}

export function LinkButton({
  tone = "plain",
  icon: Icon,
  href,
  file,
  children,
  ...rest
}: LinkButtonProps) {
  const inside = (
    <>
      {Icon && <Icon aria-hidden />}
      {children}
    </>
  );
  const className = classOf(tone, !children);
  if (file) {
    return (
      <a {...rest} className={className} href={href} download>
        {inside}
      </a>
    );
  }
  return (
    <Link {...rest} className={className} href={href}>
      {inside}
    </Link>
  );
}
