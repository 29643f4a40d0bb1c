#include <fmt/format.h>

#include <array>

#include "lifecycle/diff/aws_readers.h"
#include "lifecycle/diff/aws_rules.h"

namespace vams::lifecycle::diff::internal {

namespace {

// Without the codes that colour a terminal.
std::string Plain(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '[') {
      i += 2;
      while (i < text.size() && (text[i] < '@' || text[i] > '~')) ++i;
      continue;
    }
    if (text[i] != '\r') plain += text[i];
  }
  return plain;
}

struct Mark {
  char sign = 0;           // '+', '-', '~'
  std::string_view rest;   // behind it
  std::size_t indent = 0;  // bytes in front of it: of a resource none
};

// "[~] AWS::S3::Bucket …", " └─ [~] BucketName (requires replacement)"
std::optional<Mark> MarkOf(std::string_view line) {
  for (const char sign : {'+', '-', '~'}) {
    const std::array<char, 4> text{'[', sign, ']', ' '};
    const auto at = line.find(std::string_view(text.data(), text.size()));
    if (at == std::string_view::npos) continue;
    return Mark{sign, line.substr(at + text.size()), at};
  }
  return std::nullopt;
}

bool TakeSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  while (text.ends_with(' ')) text.remove_suffix(1);
  return true;
}

class Reader {
 public:
  explicit Reader(const NamedText& file) : name_(file.name), text_(Plain(file.text)) {}

  Result<AwsChanges> Run() {
    result_.source = "cdk diff";
    std::string_view rest = text_;
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      Line(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    Flush();
    if (!recognized_)
      return Error(
          Code::kInvalid,
          fmt::format(
              "{} is neither a change set nor the text of a CDK diff: no line of it says so; "
              "nothing was looked at; write it with \"aws cloudformation describe-change-set "
              "> FILE\" or \"cdk diff > FILE 2>&1\"; two templates need --against",
              name_));
    return std::move(result_);
  }

 private:
  void Line(std::string_view line) {
    if (line.starts_with("Stack ")) {
      Flush();
      recognized_ = true;
      stack_ = std::string(line.substr(6));
      if (result_.stack.empty()) result_.stack = stack_;
      return;
    }
    if (line.find("There were no differences") != std::string_view::npos ||
        line.find("Number of stacks with differences") != std::string_view::npos) {
      recognized_ = true;
      return;
    }
    const auto mark = MarkOf(line);
    if (!mark) return;
    if (mark->indent == 0)
      Resource(*mark);
    else
      Property(*mark);
  }

  void Resource(const Mark& mark) {
    Flush();
    std::string_view rest = mark.rest;
    const auto space = rest.find(' ');
    const std::string type(rest.substr(0, space));
    if (type.find("::") == std::string::npos) return;
    recognized_ = true;
    rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
    while (rest.ends_with(' ')) rest.remove_suffix(1);
    AwsChange change{.type = type, .path = {}, .because = {}, .policy = {}, .note = {}};
    bool stands = true;
    if (TakeSuffix(rest, " may be replaced")) {
      change.fate = AwsFate::kMayReplaced;
    } else if (TakeSuffix(rest, " replace")) {
      change.fate = AwsFate::kReplaced;
    } else if (TakeSuffix(rest, " destroy")) {
      change.fate = AwsFate::kDeleted;
      change.policy = "Delete";
    } else if (TakeSuffix(rest, " orphan")) {
      change.fate = AwsFate::kDeleted;
      change.policy = "Retain";
    } else if (mark.sign == '-') {
      change.fate = AwsFate::kDeleted;
    } else {
      stands = false;
    }
    const auto last = rest.rfind(' ');
    change.logical_id = std::string(last == std::string_view::npos ? rest : rest.substr(last + 1));
    change.path = last == std::string_view::npos
                      ? stack_
                      : fmt::format("{}/{}", stack_, rest.substr(0, last));
    if (type == kNestedStack && !stands && mark.sign == '~')
      result_.unknown.push_back(fmt::format(
          "the nested stack {} changes too; \"cdk diff\" of a recent CDK shows what is in it, else "
          "give its change set",
          change.logical_id));
    if (type == kNestedStack && stands)
      change.note =
          "everything in this nested stack goes with it, but for what its own template "
          "retains";
    if (FindDataKind(type) == nullptr && type != kNestedStack) return;
    if (!stands) change.fate = AwsFate::kPolicyOnly;
    stands_ = stands;
    open_ = std::move(change);
  }

  void Property(const Mark& mark) {
    if (!open_) return;
    std::string_view rest = mark.rest;
    while (rest.ends_with(' ')) rest.remove_suffix(1);
    const bool replaces = TakeSuffix(rest, "(requires replacement)");
    const bool may = !replaces && TakeSuffix(rest, "(may cause replacement)");
    if (replaces || may) {
      open_->because.emplace_back(rest);
      // The resource's own line says it too, unless it is of an older CDK.
      if (!stands_ || (replaces && open_->fate == AwsFate::kMayReplaced))
        open_->fate = replaces ? AwsFate::kReplaced : AwsFate::kMayReplaced;
      stands_ = true;
      return;
    }
    if (rest == "DeletionPolicy" || rest == "UpdateReplacePolicy") {
      policy_ = std::string(rest);
    } else if (!policy_.empty() && mark.sign == '+') {
      if (rest != "Retain") gone_.push_back(policy_);
      if (open_->policy.empty() || rest != "Retain") open_->policy = std::string(rest);
      policy_.clear();
    } else if (mark.sign == '~') {
      policy_.clear();
    }
  }

  void Flush() {
    if (open_ && (stands_ || !gone_.empty())) {
      if (!stands_) open_->because = gone_;
      result_.changes.push_back(*std::move(open_));
    }
    open_.reset();
    gone_.clear();
    policy_.clear();
    stands_ = false;
  }

  const std::string name_, text_;
  std::string stack_;
  bool recognized_ = false;
  std::optional<AwsChange> open_;  // whose properties follow
  bool stands_ = false;            // its own line says that something happens to it
  std::string policy_;             // whose old and new value follow
  std::vector<std::string> gone_;  // policies that protected it
  AwsChanges result_;
};

}  // namespace

Result<AwsChanges> ReadCdkDiff(const NamedText& file) { return Reader(file).Run(); }

}  // namespace vams::lifecycle::diff::internal
