import { screen } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { renderApp, serve } from "../../test/app";
import { cleanPage } from "./clean";
import HtmlViewer from "./HtmlViewer";

const inner = (html: string) => new DOMParser().parseFromString(html, "text/html");

describe("cleaning", () => {
  test("scripts and what runs them go", () => {
    const { html, scripts } = cleanPage(
      '<body onload="go()"><script>go()</script><svg><script>go()</script></svg><b onclick="go()">x</b>',
    );
    expect(scripts).toBe(2);
    expect(html).not.toContain("go()");
    expect(inner(html).querySelector("b")?.textContent).toBe("x");
  });
  test("nothing outside of the file is named any more", () => {
    const { html, outside } = cleanPage(
      '<link rel="stylesheet" href="https://a.example/s.css"><link rel="dns-prefetch" href="//a.example">' +
        '<base href="https://a.example/"><meta http-equiv="refresh" content="0;url=https://a.example">' +
        '<style>@import "https://a.example/i.css"; p{background:url(https://a.example/b.png)}</style>' +
        '<p style="background:url(\'/c.png\')"><img src="https://a.example/d.png" srcset="https://a.example/e.png 2x">' +
        '<iframe src="https://a.example"></iframe><form action="https://a.example"></form>' +
        '<a href="https://a.example/page">there</a><a href="#part">here</a>' +
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
    );
    const page = inner(html);
    expect(outside).toBe(6);
    expect(html.match(/a\.example/g)).toHaveLength(1);
    expect(page.querySelector("a")?.getAttribute("title")).toBe("https://a.example/page");
    expect(page.querySelector('a[href="#part"]')).toBeTruthy();
    expect(page.querySelector('img[src^="data:"]')).toBeTruthy();
  });
  test("the page's own rules come first and allow nothing to be fetched", () => {
    const page = inner(cleanPage("<title>t</title>").html);
    const first = page.head.firstElementChild;
    expect(first?.getAttribute("http-equiv")).toBe("Content-Security-Policy");
    expect(first?.getAttribute("content")).toContain("default-src 'none'");
  });
});

test("a page is shown in a frame that may do nothing", async () => {
  serve(() => new Response("<h1>Report</h1><script>x()</script>"));
  renderApp(
    <HtmlViewer
      files={[{ of: { databaseId: "plant", assetId: "pump" }, path: "/a.html", size: 9 }]}
    />,
  );
  const frame = await screen.findByTitle("Page a.html");
  expect(frame.getAttribute("sandbox")).toBe("");
  expect(frame.getAttribute("srcdoc")).toContain("<h1>Report</h1>");
  await screen.findByText("1 script left out");
});
