// Pages for addresses that lead nowhere, or where the user may not go, and for failures in a page.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { isRouteErrorResponse, useLocation, useRouteError } from "react-router-dom";
import { Problem } from "../ui/Problem";
import { useApp, useTitle } from "./context";
import { navigationFor } from "./navigation";

function Page(props: { title: string; lead: string; children?: React.ReactNode }) {
  const { may } = useApp();
  useTitle(props.title);
  return (
    <ContentLayout header={<Header variant="h1">{props.title}</Header>}>
      <SpaceBetween size="l">
        <Box variant="p">{props.lead}</Box>
        {props.children}
        <SpaceBetween direction="horizontal" size="xs">
          {navigationFor(may).length > 0 && (
            <Button variant="primary" href="#/">
              Go to the start
            </Button>
          )}
          <Button onClick={() => history.back()}>Go back</Button>
        </SpaceBetween>
      </SpaceBetween>
    </ContentLayout>
  );
}

export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <Page
      title="Page not found"
      lead={`There is no page at ${pathname}. The address may be mistyped, or the page is gone.`}
    />
  );
}

export function DeniedPage() {
  const { user } = useApp();
  const roles = user.roles.length === 0 ? "no role" : `the role ${user.roles.join(", ")}`;
  return (
    <Page
      title="No access to this page"
      lead={`You are signed in as ${user.id} with ${roles}, which does not open this page. An administrator can give you a role that does.`}
    />
  );
}

/** Takes the place of a page whose code failed; the shell around it goes on. */
export function FailedPage() {
  const error = useRouteError();
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFoundPage />;
  return (
    <Page title="This page failed" lead="The rest of the application goes on working.">
      <Problem error={error} onRetry={() => location.reload()} />
    </Page>
  );
}
