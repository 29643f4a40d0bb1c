// A list with nothing in it: why, and the next step.
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";

export function Empty(props: { title: string; text: string; action?: ReactNode }) {
  return (
    <Box textAlign="center" padding={{ vertical: "xxl", horizontal: "m" }} color="inherit">
      <SpaceBetween size="s" alignItems="center">
        <div>
          <Box variant="h3" tagOverride="p" padding="n">
            {props.title}
          </Box>
          <Box color="text-body-secondary">{props.text}</Box>
        </div>
        {props.action}
      </SpaceBetween>
    </Box>
  );
}
