// A link to another page of the application: followed without loading anew, and an ordinary link
// for everything else that people do with links.
import Link, { type LinkProps } from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { useNavigate } from "react-router-dom";

export function InternalLink(props: {
  to: string;
  variant?: LinkProps["variant"];
  children: ReactNode;
}) {
  const navigate = useNavigate();
  return (
    <Link
      href={`#${props.to}`}
      variant={props.variant ?? "secondary"}
      onFollow={(event) => {
        event.preventDefault();
        navigate(props.to);
      }}
    >
      {props.children}
    </Link>
  );
}
