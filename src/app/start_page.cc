#include "app/start_page.h"

namespace vams::app {

namespace {

constexpr std::string_view kPage = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>VAMS</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 40rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-weight: 600; margin-bottom: .25rem; }
code { font: .9em ui-monospace, monospace; }
pre { padding: .75rem 1rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent);
      border-radius: .5rem; overflow-x: auto; }
</style>
</head>
<body>
<h1>VAMS is running</h1>
<p>This server answers the VAMS 2.5.1 API. Sign in on a terminal:</p>
<pre><code>vams auth login --url THIS-ADDRESS --user administrator</code></pre>
<p><a href="/api/version">Versions</a> &middot; <a href="/healthz">Health</a> &middot;
<a href="/api/amplify-config">Client configuration</a></p>
</body>
</html>
)";

}  // namespace

const std::vector<http::StaticFile>& StartPage() {
  static const std::vector<http::StaticFile> files = {
      {.path = "/index.html", .bytes = kPage, .media_type = "text/html; charset=utf-8"}};
  return files;
}

}  // namespace vams::app
