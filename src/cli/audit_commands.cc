// vams audit verify|show
#include <fmt/format.h>

#include <deque>
#include <filesystem>

#include "audit/line.h"
#include "audit/verify.h"
#include "cli/cli.h"

namespace vams::cli {

namespace {

struct AuditOptions {
  std::vector<std::string> anchors;
  std::string since, channel, user;
  std::size_t limit = 100;
};

files::Path AuditFolder(const lifecycle::Stack& stack) { return stack.folder / "audit"; }

bool Exists(const files::Path& folder) {
  std::error_code error;
  return std::filesystem::is_directory(folder, error);
}

int SayThereIsNone(const Context& context, const lifecycle::Stack& stack) {
  if (context.json)
    PrintJson({{"stack", stack.name}, {"auditLog", false}});
  else
    fmt::print("stack \"{}\" has no audit log; the server begins one when it first runs\n",
               stack.name);
  return kDone;
}

Result<std::vector<audit::Anchor>> Anchors(const std::vector<std::string>& given) {
  std::vector<audit::Anchor> anchors;
  for (const std::string_view text : given) {
    const auto colon = text.find(':');
    const auto sequence = audit::ParseSequence(text.substr(0, colon));
    const auto digest = colon == text.npos ? std::string_view() : text.substr(colon + 1);
    if (!sequence || !audit::IsDigest(digest))
      return Error(Code::kInvalid,
                   fmt::format("\"{}\" is no anchor; give SEQUENCE:DIGEST as \"vams audit verify\" "
                               "printed it",
                               text));
    anchors.push_back({*sequence, std::string(digest)});
  }
  return anchors;
}

boost::json::object VerificationJson(const lifecycle::Stack& stack,
                                     const audit::Verification& verification) {
  boost::json::array findings, notices;
  for (const auto& finding : verification.findings)
    findings.push_back({{"file", finding.file}, {"line", finding.line}, {"what", finding.what}});
  for (const auto& notice : verification.notices) notices.push_back(notice.c_str());
  return {
      {"stack", stack.name},
      {"auditLog", true},
      {"clean", verification.clean()},
      {"files", verification.files},
      {"lines", verification.lines},
      {"head", {{"sequence", verification.head.sequence}, {"digest", verification.head.digest}}},
      {"findingCount", verification.finding_count},
      {"findings", findings},
      {"notices", notices}};
}

void PrintVerification(const lifecycle::Stack& stack, const audit::Verification& verification) {
  for (const auto& finding : verification.findings)
    fmt::print("{}: {}\n",
               finding.line == 0 ? finding.file : fmt::format("{}:{}", finding.file, finding.line),
               finding.what);
  if (verification.finding_count > verification.findings.size())
    fmt::print("… and {} more\n",
               Thousands(verification.finding_count - verification.findings.size()));
  for (const auto& notice : verification.notices) fmt::print("note: {}\n", notice);
  if (verification.clean())
    fmt::print("the audit log of stack \"{}\" is whole: {}\n", stack.name,
               Counted(verification.lines, "line"));
  else
    fmt::print(
        "the audit log of stack \"{}\" is not what was written: {} in {}; keep a copy of {} before "
        "anything else\n",
        stack.name, Counted(verification.finding_count, "finding"),
        Counted(verification.lines, "line"), AuditFolder(stack).string());
  if (verification.clean() && verification.head.sequence > 0)
    fmt::print("anchor: {}:{}\n", verification.head.sequence, verification.head.digest);
}

Result<int> VerifyLog(Context& context, const AuditOptions& options) {
  TRY(const auto anchors, Anchors(options.anchors));
  TRY(const auto stack, context.Stack());
  // With an anchor there was a log.
  if (!Exists(AuditFolder(stack)) && anchors.empty()) return SayThereIsNone(context, stack);
  if (!Exists(AuditFolder(stack))) {
    fmt::print(stderr,
               "vams: stack \"{}\" has an anchor but no audit log: {} is missing; look for it in a "
               "backup\n",
               stack.name, AuditFolder(stack).string());
    return kDifferent;
  }
  TRY(const auto verification, audit::Verify(AuditFolder(stack), anchors));
  if (context.json)
    PrintJson(VerificationJson(stack, verification));
  else
    PrintVerification(stack, verification);
  return verification.clean() ? kDone : kDifferent;
}

Result<int> ShowAudit(Context& context, const AuditOptions& options) {
  TRY(const auto stack, context.Stack());
  std::optional<audit::Channel> channel;
  if (!options.channel.empty()) {
    channel = audit::ChannelFromTag(options.channel);
    if (!channel)
      return Error(Code::kInvalid,
                   fmt::format("there is no channel \"{}\"; there are AUTHENTICATION, "
                               "AUTHORIZATION, AUTHOTHER, AUTHCHANGES, FILEUPLOAD, FILEDOWNLOAD, "
                               "FILEDOWNLOAD-STREAMED, ACTIONS, ERRORS",
                               options.channel));
  }
  if (!Exists(AuditFolder(stack))) return SayThereIsNone(context, stack);
  std::deque<std::string> newest;
  TRY_OK(audit::ForEachLine(
      AuditFolder(stack), options.since, [&](std::string_view whole, const audit::Line& line) {
        if (channel && audit::ChannelOf(line.text) != channel) return true;
        if (!options.user.empty() && audit::UserOf(line.text) != options.user) return true;
        if (context.json) {
          const boost::json::object object{
              {"sequence", line.sequence},    {"time", line.time}, {"before", line.before},
              {"requestId", line.request_id}, {"text", line.text}, {"reason", line.reason}};
          newest.push_back(boost::json::serialize(object));
        } else {
          newest.emplace_back(whole);
        }
        if (newest.size() > options.limit) newest.pop_front();
        return true;
      }));
  if (!context.json) {
    for (const auto& line : newest) fmt::print("{}\n", line);
    return kDone;
  }
  std::string list;
  for (const auto& line : newest) list += (list.empty() ? "" : ",") + line;
  fmt::print("{{\"stack\":{},\"lines\":[{}]}}\n",
             boost::json::serialize(boost::json::value(stack.name)), list);
  return kDone;
}

}  // namespace

void AddAuditCommands(CLI::App& app, Context& context) {
  static AuditOptions options;
  CLI::App* audit = app.add_subcommand("audit", "Read and prove the audit log of a stack");
  audit->require_subcommand(1);
  CLI::App* verify =
      AddCommand(*audit, context, "verify", "Prove that nothing in the log was changed or removed",
                 [&context] { return VerifyLog(context, options); });
  verify
      ->add_option("--anchor", options.anchors,
                   "A line and its digest that were kept elsewhere; repeatable")
      ->type_name("SEQUENCE:DIGEST")
      ->allow_extra_args(false);
  CLI::App* show = AddCommand(*audit, context, "show", "Print the newest lines",
                              [&context] { return ShowAudit(context, options); });
  show->add_option("--since", options.since, "Only lines of this time (UTC) or later")
      ->type_name("2025-03-01[T10:00]");
  show->add_option("--channel", options.channel, "Only this channel, such as AUTHORIZATION")
      ->type_name("TAG");
  show->add_option("--user", options.user, "Only lines of this user")->type_name("ID");
  show->add_option("-n", options.limit, "How many lines at most")
      ->capture_default_str()
      ->type_name("COUNT");
}

}  // namespace vams::cli
