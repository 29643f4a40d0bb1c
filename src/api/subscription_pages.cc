#include "api/subscription_pages.h"

#include <fmt/format.h>

namespace vams::api {

namespace {

using catalog::LinkState;

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// `body` is HTML.
http::Response Page(int status, std::string_view title, std::string_view body) {
  http::Response response;
  response.status = status;
  response.headers.Set("content-type", "text/html; charset=utf-8");
  response.headers.Set("cache-control", "no-store");
  // The address of the page holds the link's secret.
  response.headers.Set("referrer-policy", "no-referrer");
  response.headers.Set("x-robots-tag", "noindex");
  response.body = fmt::format(
      R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{0}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 12vh auto; padding: 0 1.5rem; color: #16191f; background: #fff; }}
h1 {{ font-size: 1.5rem; }}
button {{ font: inherit; padding: .6rem 1.4rem; border: 0; border-radius: .4rem; color: #fff; background: #0b5fb0; cursor: pointer; }}
button:focus-visible {{ outline: 3px solid #7db8f0; outline-offset: 2px; }}
@media (prefers-color-scheme: dark) {{ body {{ color: #e9ebed; background: #0f1b2a; }} }}
</style>
</head>
<body>
<main>
<h1>{0}</h1>
{1}
</main>
</body>
</html>
)",
      Escaped(title), body);
  return response;
}

std::string Paragraph(std::string_view text) { return fmt::format("<p>{}</p>\n", Escaped(text)); }

// A button that asks for this very address once more, with POST.
std::string Button(std::string_view label, std::string_view token) {
  return fmt::format(
      R"(<form method="post" action="?token={}"><button type="submit">{}</button></form>)",
      Escaped(token), Escaped(label));
}

http::Response NoGoodLink(LinkState state, std::string_view stack) {
  if (state == LinkState::kExpired)
    return Page(410, "This link has expired",
                Paragraph(fmt::format("Links from {} work for three days. Ask whoever subscribed "
                                      "you to do it again: another mail with a new link follows.",
                                      stack)));
  return Page(404, "This link does not work",
              Paragraph("It is incomplete, or a newer link has replaced it. Open the link of the "
                        "newest mail, or copy it from there as a whole."));
}

std::string Followed(const catalog::UnsubscribeLink& link) {
  return link.asset_id == catalog::kEveryAsset ? std::string("every asset")
                                               : "asset " + link.asset_id;
}

}  // namespace

http::Response ConfirmationPage(LinkState state, std::string_view stack, std::string_view token) {
  if (state == LinkState::kUsed) return ConfirmedPage(state, stack);
  if (state != LinkState::kGood) return NoGoodLink(state, stack);
  return Page(200, "Do you want mail about changes?",
              Paragraph(fmt::format("Somebody subscribed your address to changes of assets in {}. "
                                    "It gets mail only if you confirm it.",
                                    stack)) +
                  Button("Confirm my address", token) +
                  Paragraph("If you do not want that, close this page. Nothing will be sent."));
}

http::Response ConfirmedPage(LinkState state, std::string_view stack) {
  if (state != LinkState::kGood && state != LinkState::kUsed) return NoGoodLink(state, stack);
  return Page(200, "Your address is confirmed",
              Paragraph(fmt::format("You get mail when assets of {} that you are subscribed to "
                                    "change. Each mail has a link for unsubscribing.",
                                    stack)));
}

http::Response UnsubscribePage(const catalog::UnsubscribeLink& link, std::string_view stack,
                               std::string_view token) {
  return Page(200, "Unsubscribe?",
              Paragraph(fmt::format("{} then gets no more mail about changes of {} in {}.",
                                    link.address, Followed(link), stack)) +
                  Button("Unsubscribe", token));
}

http::Response UnsubscribedPage(const catalog::UnsubscribeLink& link, std::string_view stack) {
  return Page(200, "You are unsubscribed",
              Paragraph(fmt::format("{} gets no more mail about changes of {} in {}. A mail that "
                                    "is on its way may still arrive.",
                                    link.address, Followed(link), stack)));
}

http::Response UnknownUnsubscribePage(std::string_view stack) {
  return Page(404, "This link does not work",
              Paragraph(fmt::format("It is incomplete, or {} does not know the address any more. "
                                    "Copy the link from the mail as a whole.",
                                    stack)));
}

}  // namespace vams::api
