// What stands around every page: top bar, navigation, messages, palette, shortcuts.
import AppLayout from "@cloudscape-design/components/app-layout";
import Button from "@cloudscape-design/components/button";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import SideNavigation, {
  type SideNavigationProps,
} from "@cloudscape-design/components/side-navigation";
import { lazy, Suspense, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useLocation, useNavigate } from "react-router-dom";
import { session } from "../auth/session";
import { Banner } from "../ui/Banner";
import { UnsavedGuard } from "../ui/Unsaved";
import { CommandPalette, type Command } from "./CommandPalette";
import { useReachable } from "./connection";
import { useApp } from "./context";
import { dismiss, useFlashes } from "./flash";
import { navigationFor } from "./navigation";
import { useShortcuts, type Shortcut } from "./shortcuts";
import { ShortcutsHelp } from "./ShortcutsHelp";
import { isDark, setTheme } from "./theme";
import { TopBar } from "./TopBar";

const UploadTray = lazy(async () => ({
  default: (await import("../features/upload/UploadTray")).UploadTray,
}));

// Files that are dropped beside a place for them must not replace the application.
function useNoStrayDrops(): void {
  useEffect(() => {
    const refuse = (event: DragEvent) => {
      if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "none";
    };
    addEventListener("dragover", refuse);
    addEventListener("drop", refuse);
    return () => {
      removeEventListener("dragover", refuse);
      removeEventListener("drop", refuse);
    };
  }, []);
}

function Flashes() {
  const flashes = useFlashes();
  const items = flashes.map<FlashbarProps.MessageDefinition>((flash) => ({
    id: flash.id,
    type: flash.type,
    header: flash.header,
    dismissible: true,
    dismissLabel: "Dismiss",
    onDismiss: () => dismiss(flash.id),
    statusIconAriaLabel: flash.type,
    ariaRole: flash.type === "error" ? "alert" : "status",
    action: flash.action && <Button onClick={flash.action.run}>{flash.action.text}</Button>,
    content:
      flash.requestId === undefined ? (
        flash.text
      ) : (
        <>
          {flash.text}
          <div className="vams-request">Request id {flash.requestId}</div>
        </>
      ),
  }));
  return <Flashbar items={items} stackItems />;
}

function Unreachable() {
  if (useReachable()) return null;
  return (
    <div className="vams-offline" role="status">
      The server cannot be reached. Trying again…
    </div>
  );
}

function activeHref(pathname: string): string {
  if (/^\/databases\/[^/]+\/assets/.test(pathname) || pathname.startsWith("/search"))
    return "#/assets";
  const [, first = ""] = pathname.split("/");
  return `#/${first}`;
}

function useNavigationOpen(): [boolean, (open: boolean) => void] {
  const [open, setOpen] = useState(() => {
    try {
      return localStorage.getItem("vams-navigation") !== "closed" && innerWidth > 688;
    } catch {
      return innerWidth > 688;
    }
  });
  const change = (next: boolean) => {
    setOpen(next);
    try {
      if (innerWidth > 688) localStorage.setItem("vams-navigation", next ? "open" : "closed");
    } catch {
      // Then it is open again next time.
    }
  };
  return [open, change];
}

export function Shell({ children }: { children: ReactNode }) {
  const app = useApp();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [dialog, setDialog] = useState<"palette" | "help" | null>(null);
  const [open, setOpen] = useNavigationOpen();
  const main = useRef<HTMLDivElement>(null);
  const navigation = useMemo(() => navigationFor(app.may), [app]);

  const actions = useMemo<Shortcut[]>(() => {
    const links = navigation.flatMap((section) => section.links);
    return [
      { keys: "mod+k", text: "Go to anything", run: () => setDialog("palette") },
      {
        keys: "/",
        text: "Search",
        run: () => document.querySelector<HTMLInputElement>("#vams-search input")?.focus(),
      },
      ...links.map((link) => ({
        keys: `g ${link.key}`,
        text: `Go to ${link.text}`,
        run: () => navigate(link.path),
      })),
      {
        keys: "t",
        text: "Switch between light and dark",
        run: () => setTheme(isDark() ? "light" : "dark"),
      },
      { keys: "?", text: "Show these shortcuts", run: () => setDialog("help") },
    ];
  }, [navigation, navigate]);
  useShortcuts(actions);
  useNoStrayDrops();

  const commands = useMemo<Command[]>(
    () => [
      ...navigation
        .flatMap((section) => section.links)
        .map((link) => ({
          id: `page ${link.path}`,
          text: link.text,
          words: link.words,
          kind: "Page",
          run: () => navigate(link.path),
        })),
      ...(["light", "dark", "system"] as const).map((theme) => ({
        id: `theme ${theme}`,
        text:
          theme === "system"
            ? "Theme of the system"
            : `${theme === "dark" ? "Dark" : "Light"} theme`,
        words: "colour mode appearance",
        kind: "Action",
        run: () => setTheme(theme),
      })),
      {
        id: "help",
        text: "Keyboard shortcuts",
        words: "help keys",
        kind: "Action",
        run: () => setDialog("help"),
      },
      {
        id: "sign out",
        text: "Sign out",
        words: "log out leave",
        kind: "Action",
        run: () => void session.signOut(),
      },
    ],
    [navigation, navigate],
  );

  // A new page begins at its top, and screen readers hear its name.
  const [announced, setAnnounced] = useState("");
  useEffect(() => {
    scrollTo(0, 0);
    const timer = setTimeout(() => setAnnounced(document.title), 400);
    return () => clearTimeout(timer);
  }, [pathname]);

  const items = navigation.map<SideNavigationProps.Item>((section) => ({
    type: "section-group",
    title: section.text,
    items: section.links.map((link) => ({ type: "link", text: link.text, href: `#${link.path}` })),
  }));
  return (
    <>
      <button
        type="button"
        className="vams-skip"
        onClick={() => {
          main.current?.focus();
          main.current?.scrollIntoView();
        }}
      >
        Skip to the page
      </button>
      <div id="vams-header">
        <Banner html={app.config.banner} />
        <div className="vams-bar">
          <TopBar onPalette={() => setDialog("palette")} onHelp={() => setDialog("help")} />
        </div>
        <Unreachable />
      </div>
      <AppLayout
        headerSelector="#vams-header"
        toolsHide
        navigationOpen={open}
        onNavigationChange={({ detail }) => setOpen(detail.open)}
        navigation={
          <SideNavigation
            activeHref={activeHref(pathname)}
            items={items}
            onFollow={(event) => {
              if (event.detail.external) return;
              event.preventDefault();
              navigate(event.detail.href.slice(1));
              if (innerWidth <= 688) setOpen(false);
            }}
          />
        }
        notifications={<Flashes />}
        content={
          <div ref={main} tabIndex={-1} className="vams-main">
            {children}
          </div>
        }
        maxContentWidth={Number.MAX_VALUE}
        ariaLabels={{
          navigation: "Pages",
          navigationClose: "Close the navigation",
          navigationToggle: "Open the navigation",
          notifications: "Messages",
        }}
      />
      <div className="vams-sr" aria-live="polite">
        {announced}
      </div>
      <Suspense>{app.may("/upload") && <UploadTray />}</Suspense>
      <UnsavedGuard />
      {dialog === "palette" && (
        <CommandPalette
          commands={commands}
          go={(path) => navigate(path)}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "help" && <ShortcutsHelp shortcuts={actions} onClose={() => setDialog(null)} />}
    </>
  );
}
