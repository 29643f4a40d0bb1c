import Input from "@cloudscape-design/components/input";
import TopNavigation, {
  type TopNavigationProps,
} from "@cloudscape-design/components/top-navigation";
import { useEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router-dom";
import { session } from "../auth/session";
import { useApp } from "./context";
import { setTheme, useTheme, type ThemeChoice } from "./theme";

function SearchBox() {
  const navigate = useNavigate();
  const location = useLocation();
  const inUrl = new URLSearchParams(location.search).get("q") ?? "";
  const [text, setText] = useState(inUrl);
  useEffect(() => setText(inUrl), [inUrl]);

  const submit = () => {
    // On a page that lists, its other filters stay.
    const listing = /^\/(assets|search|databases\/[^/]+\/assets|search\/[^/]+\/assets)\/?$/.test(
      location.pathname,
    );
    const parameters = new URLSearchParams(listing ? location.search : "");
    parameters.delete("page");
    if (text.trim() === "") parameters.delete("q");
    else parameters.set("q", text.trim());
    navigate({ pathname: listing ? location.pathname : "/assets", search: parameters.toString() });
  };
  return (
    <div id="vams-search">
      <Input
        type="search"
        value={text}
        onChange={({ detail }) => {
          setText(detail.value);
          if (detail.value === "" && inUrl !== "") navigate("/assets");
        }}
        onKeyDown={({ detail }) => {
          if (detail.key === "Enter") submit();
        }}
        placeholder="Search assets and files"
        ariaLabel="Search assets and files"
        clearAriaLabel="Clear the search"
      />
    </div>
  );
}

const THEMES: [ThemeChoice, string][] = [
  ["light", "Light theme"],
  ["dark", "Dark theme"],
  ["system", "Theme of the system"],
];

export function TopBar(props: { onPalette: () => void; onHelp: () => void }) {
  const { user } = useApp();
  const theme = useTheme();
  const navigate = useNavigate();
  const may = useApp().may;

  const utilities: TopNavigationProps.Utility[] = [
    {
      type: "menu-dropdown",
      text: "Settings",
      iconName: "settings",
      ariaLabel: "Settings",
      items: [
        {
          id: "themes",
          text: "Appearance",
          items: THEMES.map(([id, text]) => ({
            id,
            itemType: "checkbox" as const,
            text,
            checked: theme === id,
          })),
        },
        {
          id: "keyboard",
          text: "Keyboard",
          items: [
            { id: "palette", text: "Go to anything (Ctrl K)" },
            { id: "help", text: "Keyboard shortcuts (?)" },
          ],
        },
      ],
      onItemClick: ({ detail }) => {
        if (detail.id === "palette") props.onPalette();
        else if (detail.id === "help") props.onHelp();
        else setTheme(detail.id as ThemeChoice);
      },
    },
    {
      type: "menu-dropdown",
      text: user.id,
      iconName: "user-profile",
      ariaLabel: `Account of ${user.id}`,
      description: `${user.roles.length === 0 ? "No role" : user.roles.join(", ")} · ${user.mfa ? "second factor used" : "password only"}`,
      items: [{ id: "out", text: "Sign out" }],
      onItemClick: () => void session.signOut(),
    },
  ];
  return (
    <TopNavigation
      identity={{
        href: "#/",
        logo: { src: "wordmark.svg", alt: "VAMS" },
        onFollow: (event) => {
          event.preventDefault();
          navigate("/");
        },
      }}
      search={may("/assets") ? <SearchBox /> : undefined}
      utilities={utilities}
    />
  );
}
