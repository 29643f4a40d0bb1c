// The menu of the searches that are kept, and the way to keep the present one.
import ButtonDropdown, {
  type ButtonDropdownProps,
} from "@cloudscape-design/components/button-dropdown";
import { lazy, Suspense, useState } from "react";
import { useNavigate } from "react-router-dom";
import { usePresets } from "./presets";

const SaveDialog = lazy(async () => ({ default: (await import("./PresetDialogs")).SaveDialog }));
const ManageDialog = lazy(async () => ({
  default: (await import("./PresetDialogs")).ManageDialog,
}));

/** `address`: of what is shown. */
export function PresetMenu({ address }: { address: string }) {
  const presets = usePresets();
  const navigate = useNavigate();
  const [open, setOpen] = useState<"save" | "manage" | null>(null);
  const kept = presets.all.map((preset, index) => ({
    id: `go ${index}`,
    text: preset.name,
    ...(preset.address === address ? { iconName: "check" as const } : {}),
  }));
  const items: ButtonDropdownProps.ItemOrGroup[] = [
    ...(kept.length === 0 ? [] : [{ text: "Saved searches", items: kept }]),
    { id: "save", text: "Save this search" },
    {
      id: "manage",
      text: "Rename or delete",
      disabled: kept.length === 0,
      ...(kept.length === 0 ? { disabledReason: "No search is saved yet." } : {}),
    },
  ];
  return (
    <>
      <ButtonDropdown
        items={items}
        expandableGroups={false}
        onItemClick={({ detail }) => {
          if (detail.id === "save" || detail.id === "manage") return setOpen(detail.id);
          const preset = presets.all[Number(detail.id.slice("go ".length))];
          if (preset !== undefined) navigate(preset.address);
        }}
      >
        Searches
      </ButtonDropdown>
      <Suspense>
        {open === "save" && (
          <SaveDialog presets={presets} address={address} onClose={() => setOpen(null)} />
        )}
        {open === "manage" && <ManageDialog presets={presets} onClose={() => setOpen(null)} />}
      </Suspense>
    </>
  );
}
