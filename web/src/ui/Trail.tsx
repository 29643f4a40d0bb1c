// Where a page lies: databases, database, asset, file.
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import { useNavigate } from "react-router-dom";

export interface Step {
  text: string;
  path: string;
}

export function Trail({ steps }: { steps: Step[] }) {
  const navigate = useNavigate();
  return (
    <BreadcrumbGroup
      items={steps.map((step) => ({ text: step.text, href: `#${step.path}` }))}
      ariaLabel="Where this page lies"
      onFollow={(event) => {
        event.preventDefault();
        navigate(event.detail.href.slice(1));
      }}
    />
  );
}
