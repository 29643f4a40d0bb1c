// A page or part that could not be loaded: what happened, and what to do next.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { ApiError, messageOf } from "../api/errors";

function headerOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong in this page";
  switch (error.kind) {
    case "offline":
      return "The server cannot be reached";
    case "denied":
      return "You may not see this";
    case "missing":
      return "This does not exist";
    case "signedOut":
      return "You are signed out";
    case "busy":
      return "The server is busy";
    case "broken":
      return "The server failed";
    case "invalid":
      return "The server refused this";
  }
}

function nextStep(error: unknown): string {
  if (!(error instanceof ApiError))
    return "Reload the page. If it happens again, tell an administrator what you did.";
  switch (error.kind) {
    case "offline":
      return "It is tried again by itself; your work in this page stays.";
    case "denied":
      return "Ask an administrator for a role that allows it.";
    case "missing":
      return "It may have been removed, or the address is mistyped.";
    case "broken":
      return "Try again. If it stays, give an administrator the request id.";
    default:
      return "Try again in a moment.";
  }
}

export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const requestId = error instanceof ApiError ? error.requestId : null;
  const denied = error instanceof ApiError && ["denied", "missing"].includes(error.kind);
  return (
    <Alert
      type={denied ? "warning" : "error"}
      header={headerOf(error)}
      action={onRetry && <Button onClick={onRetry}>Try again</Button>}
    >
      <SpaceBetween size="xxs">
        <span>{messageOf(error)}</span>
        <span>{nextStep(error)}</span>
        {requestId !== null && (
          <Box fontSize="body-s" color="inherit">
            Request id <code>{requestId}</code>
          </Box>
        )}
      </SpaceBetween>
    </Alert>
  );
}
