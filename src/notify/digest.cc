#include "notify/digest.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"

namespace vams::notify {

namespace {

using catalog::MailLine;
using catalog::NoticeKind;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t Characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !IsContinuation(c); }));
}

// At most so many characters; what is longer ends with "…".
std::string Shortened(std::string_view text, std::size_t most) {
  if (Characters(text) <= most) return std::string(text);
  std::size_t end = 0;
  for (std::size_t kept = 0; end < text.size(); ++end) {
    if (IsContinuation(text[end])) continue;
    if (kept + 1 >= most) break;
    ++kept;
  }
  return std::string(text.substr(0, end)) + "…";
}

// Names may hold line breaks, and a line of a mail must not look like another one.
std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return line;
}

// "2025-03-01 10:00 UTC"
std::string TimeText(std::int64_t millis) {
  std::string text = IsoMillis(millis).substr(0, 16);
  text[10] = ' ';
  return text + " UTC";
}

std::string Count(std::uint64_t count, std::string_view one, std::string_view many) {
  return count == 1 ? fmt::format("1 {}", one) : fmt::format("{} {}", count, many);
}

// What happened, as a sentence without its end.
std::string WhatHappened(const MailLine& line) {
  const std::string files = Count(line.files, "file", "files");
  switch (line.kind) {
    case NoticeKind::kAssetChanged:
      return "Details of the asset changed";
    case NoticeKind::kAssetArchived:
      return "The asset was archived";
    case NoticeKind::kAssetUnarchived:
      return "The asset was taken out of the archive";
    case NoticeKind::kFilesUploaded:
      return files + " uploaded";
    case NoticeKind::kFilesDeleted:
      return files + " deleted for good";
    case NoticeKind::kFilesArchived:
      return files + " archived";
    case NoticeKind::kFilesUnarchived:
      return files + " taken out of the archive";
    case NoticeKind::kFileMoved:
      return files + " moved or renamed";
    case NoticeKind::kFileCopied:
      return files + " copied to this asset";
    case NoticeKind::kFileReverted:
      return files + " set back to an earlier version";
    case NoticeKind::kPrimaryTypeSet:
      return "Primary type changed of " + files;
    case NoticeKind::kPreviewDeleted:
      return "The preview of the asset was deleted";
    case NoticeKind::kDerivedDeleted:
      return "Derived preview data deleted of " + files;
    case NoticeKind::kVersionCreated:
      return "A version of the asset was created";
    case NoticeKind::kVersionReverted:
      return "The asset was set back to an earlier version";
  }
  return "The asset changed";
}

std::string LineText(const MailLine& line) {
  std::string text = "- " + WhatHappened(line);
  if (!line.by.empty()) text += " by " + OneLine(line.by);
  text += ", " + TimeText(line.first_millis);
  if (const std::string last = TimeText(line.last_millis); last != TimeText(line.first_millis))
    text += " to " + last;
  text += "\n";
  for (const std::string& path : line.paths) text += "    " + OneLine(path) + "\n";
  if (line.files > line.paths.size())
    text += fmt::format("    and {} more\n", line.files - line.paths.size());
  return text;
}

std::string AssetText(const DigestAsset& asset) {
  std::string text =
      fmt::format("{}\nDatabase {}, asset {}\nCurrent version: {}\n", OneLine(asset.name),
                  asset.database_id, asset.asset_id, OneLine(asset.current_version));
  if (!asset.web_link.empty()) text += asset.web_link + "\n";
  text += "\n";
  for (const MailLine& line : asset.lines) text += LineText(line);
  return text;
}

std::string SubjectOf(const DigestAsset& asset) {
  const std::string end =
      fmt::format("] - File or Asset Changed ({})", Shortened(OneLine(asset.current_version), 20));
  return "[" + Shortened(OneLine(asset.name), kMostSubject - 1 - Characters(end)) + end;
}

}  // namespace

Text ConfirmationText(std::string_view stack, std::string_view link) {
  return {.subject = fmt::format("[{}] - Confirm your address", Shortened(OneLine(stack), 60)),
          .body = fmt::format(
              "Somebody subscribed this address to changes of assets in {}.\n"
              "It gets mail only if you confirm it. Open this page within three days and choose\n"
              "\"Confirm my address\":\n\n"
              "{}\n\n"
              "If you do not want that, do nothing: no further mail will come.\n",
              OneLine(stack), link)};
}

Text PasswordText(std::string_view stack, std::string_view user, std::string_view password,
                  std::string_view web_url) {
  return {.subject = fmt::format("[{}] - Your temporary password", Shortened(OneLine(stack), 60)),
          .body = fmt::format("You can sign in to {} with\n\n"
                              "    user name           {}\n"
                              "    temporary password  {}\n\n"
                              "{}\n\n"
                              "You then choose a password of your own. The temporary one stops "
                              "working after a while.\n",
                              OneLine(stack), OneLine(user), password, web_url)};
}

Text DigestText(const Digest& digest) {
  const bool several = digest.assets.size() > 1;
  Text text{.subject = several
                           ? fmt::format("[{}] - {} Assets Changed",
                                         Shortened(OneLine(digest.stack), 60), digest.assets.size())
                           : SubjectOf(digest.assets.front()),
            .body = several ? "Files or versions of these assets changed.\n\n"
                            : "A file or a version of this asset changed.\n\n"};
  for (const DigestAsset& asset : digest.assets) {
    text.body += AssetText(asset);
    if (several) text.body += "\nNo more mail about this asset: " + asset.unsubscribe_link + "\n";
    text.body += "\n";
  }
  if (digest.more > 0)
    text.body += fmt::format("And {} that are not listed here.\n\n",
                             Count(digest.more, "further change", "further changes"));
  text.body +=
      fmt::format("-- \nThis mail went to {}, which is subscribed to {} in {}.\n", digest.to,
                  several ? "these assets" : "this asset", OneLine(digest.stack));
  text.body +=
      several ? "No more mail about any asset: " + digest.unsubscribe_link + "\n"
              : "No more mail about this asset: " + digest.assets.front().unsubscribe_link + "\n";
  return text;
}

}  // namespace vams::notify
