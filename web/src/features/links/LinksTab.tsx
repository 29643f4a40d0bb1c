// How an asset stands to others: what it is part of, what is part of it, and what belongs to it.
import Alert from "@cloudscape-design/components/alert";
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useSearchParams } from "react-router-dom";
import { deleteLink, listLinks } from "../../api/changes";
import type { AssetLinks, LinkedAsset } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { succeed } from "../../app/flash";
import { refreshAsset, refreshLists } from "../../app/refresh";
import { useMayChange } from "../../app/rights";
import { ActionDialog } from "../../ui/ActionDialog";
import { Empty } from "../../ui/Empty";
import { formatCount, plural } from "../../ui/format";
import { InternalLink } from "../../ui/InternalLink";
import { Problem } from "../../ui/Problem";
import { assetPath } from "../browse/items";
import { MetadataDialog } from "../metadata/MetadataDialog";
import type { Relation } from "./relations";
import "./links.css";

const LinkDialog = lazy(async () => ({ default: (await import("./LinkDialog")).LinkDialog }));

const LinkGraph = lazy(async () => ({ default: (await import("./LinkGraph")).LinkGraph }));

/** How the links are shown stands in the address. */
function useShownAs(): ["tree" | "graph", (shown: string) => void] {
  const [url, setUrl] = useSearchParams();
  const change = (shown: string) => {
    const next = new URLSearchParams(url);
    if (shown === "graph") next.set("links", "graph");
    else next.delete("links");
    setUrl(next, { replace: true });
  };
  return [url.get("links") === "graph" ? "graph" : "tree", change];
}

interface Acts {
  remove: ((link: LinkedAsset) => void) | null;
  metadata: (link: LinkedAsset) => void;
}

function Branch(props: { link: LinkedAsset; acts: Acts; from: AssetRef; top: boolean }) {
  const { link, acts } = props;
  const [open, setOpen] = useState(props.top);
  const inner = link.children ?? [];
  return (
    <li>
      <div className="vams-link">
        {inner.length > 0 ? (
          <Button
            variant="inline-icon"
            iconName={open ? "caret-down-filled" : "caret-right-filled"}
            ariaExpanded={open}
            ariaLabel={`What is below ${link.assetName}`}
            onClick={() => setOpen(!open)}
          />
        ) : (
          <span className="vams-link-gap" />
        )}
        <InternalLink to={assetPath(link.databaseId, link.assetId)}>{link.assetName}</InternalLink>
        {link.assetLinkAliasId && <Badge color="blue">{link.assetLinkAliasId}</Badge>}
        {link.databaseId !== props.from.databaseId && <Badge>{link.databaseId}</Badge>}
        <span className="vams-link-actions">
          <Button
            variant="icon"
            iconName="file"
            ariaLabel={`Metadata of the link to ${link.assetName}`}
            onClick={() => acts.metadata(link)}
          />
          {acts.remove !== null && (
            <Button
              variant="icon"
              iconName="remove"
              ariaLabel={`Remove the link to ${link.assetName}`}
              onClick={() => acts.remove?.(link)}
            />
          )}
        </span>
      </div>
      {open && inner.length > 0 && (
        <ul className="vams-links">
          {inner.map((child) => (
            <Branch
              key={child.assetLinkId}
              link={child}
              acts={acts}
              from={props.from}
              top={false}
            />
          ))}
        </ul>
      )}
    </li>
  );
}

const GROUPS: { relation: Relation; title: string; empty: string }[] = [
  { relation: "parents", title: "Part of", empty: "It is part of no other asset." },
  { relation: "children", title: "Parts", empty: "No other asset is part of it." },
  { relation: "related", title: "Related", empty: "No asset is related to it." },
];

function Trees(props: {
  of: AssetRef;
  links: AssetLinks | undefined;
  mayChange: boolean;
  acts: Acts;
  onAdd: (relation: Relation) => void;
}) {
  const { of, links, mayChange } = props;
  return (
    <div className="vams-link-groups">
      {GROUPS.map(({ relation, title, empty }) => {
        const group = links?.[relation] ?? [];
        return (
          <Container
            key={relation}
            header={
              <Header
                variant="h2"
                counter={links === undefined ? "" : `(${formatCount(group.length)})`}
                actions={
                  mayChange && (
                    <Button
                      iconName="add-plus"
                      ariaLabel={`Add: ${title}`}
                      onClick={() => props.onAdd(relation)}
                    >
                      Add
                    </Button>
                  )
                }
              >
                {title}
              </Header>
            }
          >
            {links === undefined ? (
              <div className="vams-loading" role="status" aria-label="Loading" />
            ) : group.length === 0 ? (
              <Empty title="None" text={empty} />
            ) : (
              <ul className="vams-links" aria-label={title}>
                {group.map((link) => (
                  <Branch key={link.assetLinkId} link={link} from={of} top acts={props.acts} />
                ))}
              </ul>
            )}
          </Container>
        );
      })}
    </div>
  );
}

export function LinksTab(props: { of: AssetRef; name: string; locked: boolean }) {
  const { of } = props;
  const client = useQueryClient();
  const mayChange = useMayChange() && !props.locked;
  const [shown, setShown] = useShownAs();
  const [adding, setAdding] = useState<Relation | null>(null);
  const [removing, setRemoving] = useState<LinkedAsset | null>(null);
  const [about, setAbout] = useState<LinkedAsset | null>(null);
  const list = useQuery({
    queryKey: ["links", of.databaseId, of.assetId],
    queryFn: ({ signal }) => listLinks(of, signal),
  });
  const refresh = () => {
    refreshAsset(client, of);
    void client.invalidateQueries({ queryKey: ["links"] });
    refreshLists(client);
  };
  if (list.error !== null)
    return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  const links = list.data;
  const hidden =
    links === undefined
      ? 0
      : links.unauthorizedCounts.related +
        links.unauthorizedCounts.parents +
        links.unauthorizedCounts.children;
  return (
    <SpaceBetween size="m">
      {hidden > 0 && (
        <Alert type="info">
          {`${plural(hidden, "more link")} to assets that are not open to you, or archived.`}
        </Alert>
      )}
      <div className="vams-links-head">
        <SegmentedControl
          label="How the relationships are shown"
          selectedId={shown}
          options={[
            { id: "tree", text: "Tree" },
            { id: "graph", text: "Graph" },
          ]}
          onChange={({ detail }) => setShown(detail.selectedId)}
        />
        {shown === "graph" && mayChange && (
          <Button iconName="add-plus" onClick={() => setAdding("children")}>
            Add
          </Button>
        )}
      </div>
      {shown === "graph" ? (
        <Suspense fallback={<div className="vams-loading" role="status" aria-label="Loading" />}>
          <LinkGraph key={`${of.databaseId}#${of.assetId}`} of={of} name={props.name} />
        </Suspense>
      ) : (
        <Trees
          of={of}
          links={links}
          mayChange={mayChange}
          acts={{ remove: mayChange ? setRemoving : null, metadata: setAbout }}
          onAdd={setAdding}
        />
      )}
      {removing !== null && (
        <ActionDialog
          title="Remove the link"
          text="Both assets stay; the metadata of the link goes with it."
          items={[removing]}
          nameOf={(link) => link.assetName}
          submitText="Remove"
          work={(link) => deleteLink(link.assetLinkId)}
          onDone={(done) => {
            if (done.length > 0) succeed("The link is removed.");
            refresh();
          }}
          onClose={() => setRemoving(null)}
        />
      )}
      {about !== null && (
        <MetadataDialog
          title={`Link to ${about.assetName}`}
          target={{ kind: "link", assetLinkId: about.assetLinkId }}
          onClose={() => setAbout(null)}
        />
      )}
      <Suspense>
        {adding !== null && (
          <LinkDialog
            of={of}
            name={props.name}
            relation={adding}
            onDone={refresh}
            onClose={() => setAdding(null)}
          />
        )}
      </Suspense>
    </SpaceBetween>
  );
}
