#include "catalog/mails.h"

#include <algorithm>
#include <utility>

#include "catalog/assets_impl.h"
#include "catalog/mail_items.h"
#include "tables/system_tables.h"

namespace vams::catalog {

using items::Condition;
using items::Item;
using items::Value;
using items::Write;

namespace {

const std::string kMails{tables::kMailsTable};
constexpr std::size_t kMailsPage = 200;
// A path in a mail: what is longer loses its middle.
constexpr std::size_t kMostPathBytes = 240;

Item KeyOf(const Mail& mail) {
  return {{"address", Value::S(mail.address)}, {"mail", Value::S(mail.id)}};
}

Value LineValue(const MailLine& line) {
  Item item{{"asset", Value::S(line.asset)},
            {"kind", Value::S(std::string(NoticeName(line.kind)))},
            {"first", Value::N(line.first_millis)},
            {"last", Value::N(line.last_millis)}};
  if (!line.by.empty()) item.Set("by", Value::S(line.by));
  if (line.files > 0) {
    item.Set("files", Value::N(static_cast<std::int64_t>(line.files)));
    item.Set("paths", TextList(line.paths));
  }
  return Value::M(std::move(item));
}

MailLine LineOf(const Item& item) {
  return {.asset = std::string(item.Text("asset")),
          .kind = FindNoticeKind(item.Text("kind")).value_or(NoticeKind::kAssetChanged),
          .by = std::string(item.Text("by")),
          .first_millis = NumberOf(item, "first"),
          .last_millis = NumberOf(item, "last"),
          .files = static_cast<std::uint64_t>(NumberOf(item, "files")),
          .paths = TextsOf(item, "paths")};
}

Item ItemOf(const Mail& mail) {
  Item item = KeyOf(mail);
  item.Set("to", Value::S(mail.to));
  item.Set("due", Value::N(mail.due_millis));
  if (mail.since_millis) item.Set("since", Value::N(*mail.since_millis));
  item.Set("attempts", Value::N(mail.attempts));
  item.Set("revision", Value::N(mail.revision));
  if (!mail.lines.empty()) {
    Value::List lines;
    for (const MailLine& line : mail.lines) lines.push_back(LineValue(line));
    item.Set("lines", Value::L(std::move(lines)));
  }
  if (mail.more > 0) item.Set("more", Value::N(static_cast<std::int64_t>(mail.more)));
  return item;
}

Mail MailOf(const Item& item) {
  Mail mail{.address = std::string(item.Text("address")),
            .id = std::string(item.Text("mail")),
            .to = std::string(item.Text("to")),
            .due_millis = NumberOf(item, "due"),
            .since_millis = NumberIfAny(item, "since"),
            .attempts = NumberOf(item, "attempts"),
            .revision = NumberOf(item, "revision"),
            .lines = {},
            .more = static_cast<std::uint64_t>(NumberOf(item, "more"))};
  if (const Value* lines = item.Find("lines"); lines != nullptr && lines->is(items::Kind::kL))
    for (const Value& line : lines->list())
      if (line.is(items::Kind::kM)) mail.lines.push_back(LineOf(line.map()));
  return mail;
}

Condition Unchanged(const Mail& mail) {
  return Condition::Equals("revision", Value::N(mail.revision));
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Front and end, cut between characters.
std::string ShortPath(std::string path) {
  if (path.size() <= kMostPathBytes) return path;
  std::size_t front = kMostPathBytes / 3;
  std::size_t back = path.size() - (kMostPathBytes - front - 3);
  while (front > 0 && IsContinuation(path[front])) --front;
  while (back < path.size() && IsContinuation(path[back])) ++back;
  return path.substr(0, front) + "…" + path.substr(back);
}

}  // namespace

bool Mail::confirmation() const { return id == kConfirmationMail; }

void AddToMail(const Notice& notice, Mail& mail) {
  auto line = std::ranges::find_if(mail.lines, [&](const MailLine& one) {
    return one.asset == notice.asset && one.kind == notice.kind && one.by == notice.by;
  });
  if (line == mail.lines.end()) {
    if (mail.lines.size() >= kMostLines) {
      ++mail.more;
      return;
    }
    mail.lines.push_back({.asset = notice.asset,
                          .kind = notice.kind,
                          .by = notice.by,
                          .first_millis = notice.millis,
                          .last_millis = notice.millis});
    line = std::prev(mail.lines.end());
  }
  line->first_millis = std::min(line->first_millis, notice.millis);
  line->last_millis = std::max(line->last_millis, notice.millis);
  line->files += notice.files;
  for (const std::string& path : notice.paths) {
    if (line->paths.size() >= kNamedFiles) break;
    std::string shortened = ShortPath(path);
    if (std::ranges::find(line->paths, shortened) == line->paths.end())
      line->paths.push_back(std::move(shortened));
  }
}

Result<std::optional<Mail>> FindMail(OpContext& op, items::ItemSource& source,
                                     std::string_view address, std::string_view id) {
  Mail named;
  named.address = address;
  named.id = id;
  const Item keys[] = {KeyOf(named)};
  TRY(const auto found, source.BatchGet(op, kMails, keys));
  if (!found.front()) return std::optional<Mail>();
  return std::optional(MailOf(*found.front()));
}

Result<std::vector<Mail>> WaitingMails(OpContext& op, items::ItemSource& source) {
  std::vector<Mail> mails;
  std::string cursor;
  do {
    TRY(const auto page, source.Scan(op, kMails, {}, cursor, kMailsPage));
    for (const Item& item : page.items) mails.push_back(MailOf(item));
    cursor = page.next;
  } while (!cursor.empty());
  return mails;
}

Write PutNewMail(const Mail& mail) {
  return Write::Put(kMails, ItemOf(mail), {Condition::Absent()});
}

Write PutChangedMail(Mail& mail) {
  Condition unchanged = Unchanged(mail);
  ++mail.revision;
  return Write::Put(kMails, ItemOf(mail), {std::move(unchanged)});
}

Write DeleteMail(const Mail& mail) { return Write::Delete(kMails, KeyOf(mail), {Unchanged(mail)}); }

}  // namespace vams::catalog
