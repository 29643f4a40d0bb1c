// Why a file is not shown, and what to do instead.
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { ApiError, messageOf } from "../../api/errors";
import { Problem } from "../../ui/Problem";
import { CannotShow } from "./file";

export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (error instanceof ApiError)
    return <Problem error={error} {...(onRetry === undefined ? {} : { onRetry })} />;
  return (
    <Alert
      type="warning"
      header="This file cannot be shown"
      action={onRetry && <Button onClick={onRetry}>Try again</Button>}
    >
      {messageOf(error)}{" "}
      {error instanceof CannotShow
        ? error.nextStep
        : "Download the file to open it with a program on your computer."}
    </Alert>
  );
}
