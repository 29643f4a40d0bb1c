// A changed file in both versions, in a viewer that shows two.
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { lazy, Suspense, useEffect, useMemo, useRef } from "react";
import type { AssetRef } from "../../api/vams";
import { nameOf } from "../../ui/format";
import { comparisonFor } from "../../viewers/registry";
import { Guard } from "../../viewers/shared/Guard";
import type { FileDifference } from "./compare";

/** The version of the asset, or none for the files as they are now. */
export interface End {
  name: string;
  assetVersionId: string | undefined;
}

export function CompareFile(props: {
  of: AssetRef;
  file: FileDifference;
  before: End;
  after: End;
  onClose: () => void;
}) {
  const { path } = props.file;
  const compare = comparisonFor(path);
  const Shown = useMemo(() => (compare === undefined ? null : lazy(compare)), [compare]);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView?.({ block: "nearest" });
  }, [path]);
  if (Shown === null) return null;
  const end = (size: number | null | undefined, { assetVersionId }: End) => ({
    of: props.of,
    path,
    size: size ?? null,
    ...(assetVersionId === undefined ? {} : { assetVersionId }),
  });
  const key = [path, props.before.assetVersionId, props.after.assetVersionId].join("\n");
  return (
    <div ref={box}>
      <Container
        header={
          <Header
            variant="h2"
            description={path}
            actions={
              <Button iconName="close" onClick={props.onClose}>
                Close
              </Button>
            }
          >
            {`Both versions of ${nameOf(path)}`}
          </Header>
        }
      >
        <Guard key={key}>
          <Suspense fallback={<div className="vams-loading" role="status" aria-label="Loading" />}>
            <Shown
              before={end(props.file.before?.size, props.before)}
              after={end(props.file.after?.size, props.after)}
              names={{ before: props.before.name, after: props.after.name }}
            />
          </Suspense>
        </Guard>
      </Container>
    </div>
  );
}
