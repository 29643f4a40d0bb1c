// What can be done with an asset as a whole.
import Button from "@cloudscape-design/components/button";
import ButtonDropdown, {
  type ButtonDropdownProps,
} from "@cloudscape-design/components/button-dropdown";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useNavigate } from "react-router-dom";
import { deleteAssetPreview, isSubscribed, subscribe, unsubscribe } from "../../api/changes";
import type { Asset } from "../../api/types";
import type { AssetRef } from "../../api/vams";
import { useApp } from "../../app/context";
import { fail, succeed } from "../../app/flash";
import { refreshAsset, refreshLists } from "../../app/refresh";
import { useMayChange } from "../../app/rights";
import { ActionDialog } from "../../ui/ActionDialog";
import { AssetsDialog, type AssetAction } from "./AssetsDialog";
import { PreviewInput } from "./PreviewInput";

const EditAssetDialog = lazy(async () => ({
  default: (await import("./EditAssetDialog")).EditAssetDialog,
}));
const ExportDialog = lazy(async () => ({ default: (await import("./ExportDialog")).ExportDialog }));
const ShareDialog = lazy(async () => ({ default: (await import("./ShareDialog")).ShareDialog }));

type Open = AssetAction | "edit" | "export" | "share" | "preview-delete";

/** Mail about changes. The server wants the right to change the asset for it. */
function Subscription({ asset, name }: { asset: AssetRef; name: string }) {
  const { user } = useApp();
  const client = useQueryClient();
  const key = ["subscribed", asset.assetId, user.id];
  const state = useQuery({
    queryKey: key,
    queryFn: () => isSubscribed(asset.assetId, user.id),
    retry: false,
  });
  const change = useMutation({
    mutationFn: (on: boolean) => (on ? subscribe : unsubscribe)(asset.assetId, user.id),
    onSuccess: (_, on) => {
      client.setQueryData(key, on);
      succeed(on ? `You get mail when ${name} changes.` : `No more mail about ${name}.`);
    },
    onError: (error) => fail("The subscription cannot be changed", error),
  });
  if (state.data === undefined) return null;
  return (
    <Button
      iconName={state.data ? "notification" : "envelope"}
      loading={change.isPending}
      onClick={() => change.mutate(!state.data)}
    >
      {state.data ? "Unsubscribe" : "Subscribe"}
    </Button>
  );
}

function itemsFor(asset: Asset, mayChange: boolean): ButtonDropdownProps.Items {
  const archived = asset.status === "archived";
  const out: ButtonDropdownProps.Items = [
    { id: "share", text: "Share links", disabled: archived },
    { id: "export", text: "Export", disabled: archived },
  ];
  if (!mayChange) return out;
  const picture = asset.previewLocation === null ? "Choose a picture" : "Change the picture";
  return [
    ...out,
    {
      text: "Picture",
      items: [
        { id: "preview", text: picture, disabled: archived },
        {
          id: "preview-delete",
          text: "Remove the picture",
          disabled: archived || asset.previewLocation === null,
        },
      ],
    },
    {
      text: "Put away",
      items: [
        archived ? { id: "unarchive", text: "Bring back" } : { id: "archive", text: "Archive" },
        { id: "delete", text: "Delete for good" },
      ],
    },
  ];
}

export function AssetActions(props: { of: AssetRef; asset: Asset }) {
  const { of, asset } = props;
  const mayChange = useMayChange();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [open, setOpen] = useState<Open | null>(null);
  const [picking, setPicking] = useState(0);
  const archived = asset.status === "archived";
  const close = () => setOpen(null);
  return (
    <>
      <SpaceBetween direction="horizontal" size="xs">
        {mayChange && !archived && <Subscription asset={of} name={asset.assetName} />}
        {mayChange && !archived && <Button onClick={() => setOpen("edit")}>Edit</Button>}
        {mayChange && archived && (
          <Button variant="primary" onClick={() => setOpen("unarchive")}>
            Bring back
          </Button>
        )}
        <ButtonDropdown
          items={itemsFor(asset, mayChange)}
          onItemClick={({ detail }) =>
            detail.id === "preview" ? setPicking(picking + 1) : setOpen(detail.id as Open)
          }
        >
          Actions
        </ButtonDropdown>
      </SpaceBetween>
      <PreviewInput of={of} assetName={asset.assetName} asked={picking} />
      <Suspense>
        {open === "edit" && <EditAssetDialog of={of} asset={asset} onClose={close} />}
        {open === "export" && <ExportDialog of={of} assetName={asset.assetName} onClose={close} />}
        {open === "share" && <ShareDialog of={of} paths={null} onClose={close} />}
      </Suspense>
      {(open === "archive" || open === "unarchive" || open === "delete") && (
        <AssetsDialog
          action={open}
          assets={[{ ...of, name: asset.assetName }]}
          onDone={(done) => {
            if (open === "delete" && done.length > 0)
              navigate(`/databases/${encodeURIComponent(of.databaseId)}/assets`);
          }}
          onClose={close}
        />
      )}
      {open === "preview-delete" && (
        <ActionDialog
          title="Remove the picture"
          text="The asset is then shown with its type only."
          items={[asset]}
          nameOf={(one) => one.assetName}
          submitText="Remove"
          work={() => deleteAssetPreview(of)}
          onDone={() => {
            refreshAsset(client, of);
            client.removeQueries({ queryKey: ["picture", of.databaseId, of.assetId] });
            refreshLists(client);
          }}
          onClose={close}
        />
      )}
    </>
  );
}
