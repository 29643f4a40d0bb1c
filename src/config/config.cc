#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <set>
#include <utility>

#include "config/bind.h"
#include "config/rules.h"
#include "config/values.h"

namespace vams::config {

namespace json = boost::json;

namespace {

// Higher counts more.  An older name of a field yields to today's in the same file.
enum class Rank : std::uint8_t { kOlderName, kFile, kUpstreamEnvironment, kEnvironment, kSet };

struct Offer {
  Rank rank;
  json::value value;
  std::string origin;
  std::string path;  // as it was written: differs from the field's for an older name
};

// A member of an object that may hold any, below a `*` row.
struct OpenMember {
  const Field* row;
  std::string key;
  Offer offer;
};

constexpr std::pair<std::string_view, std::string_view> kUpstreamOverrides[] = {
    {"ADMIN_USER_ID", "app.adminUserId"}, {"ADMIN_EMAIL_ADDRESS", "app.adminEmailAddress"}};
constexpr std::pair<std::string_view, std::string_view> kUpstreamFallbacks[] = {
    {"STACK_NAME", "app.baseStackName"}, {"REGION", "env.region"}};
// Variables of these sections are ours; others (VAMS_HOME, VAMS_PROFILE) belong to other parts.
constexpr std::string_view kVariablePrefixes[] = {
    "VAMS_APP_",   "VAMS_ENV_",    "VAMS_ENGINES_",      "VAMS_SERVER_",
    "VAMS_HOOKS_", "VAMS_BACKUP_", "VAMS_NOTIFICATIONS_"};

std::string FolderOf(const std::string& file_path) {
  std::error_code ignored;
  const std::filesystem::path absolute =
      std::filesystem::absolute(file_path.empty() ? "config.json" : file_path, ignored);
  return absolute.parent_path().string();
}

class Reader {
 public:
  explicit Reader(const Sources& sources)
      : sources_(sources), folder_(FolderOf(sources.file_path)) {
    report_.file = sources.file_text ? sources.file_path : "";
    if (sources.file_text && report_.file.empty()) report_.file = "the configuration";
  }

  void Run() {
    if (!ReadFile()) return;
    ReadEnvironment();
    ReadSets();
    for (const Field& field : Fields())
      if (field.has_meaning()) field.type == Type::kObject ? SettleOpen(field) : Settle(field);
    Fill(effective_, config_);
    Derive();
    const RuleInput input{
        .config = config_,
        .environment = sources_.environment,
        .where = [this](std::string_view path) { return Where(path); },
        .is_set = [this](std::string_view path) { return set_.contains(std::string(path)); },
        .search_overruled = search_overruled_};
    for (Violation& broken : CheckRules(input))
      // A default stands in for an invalid value; a rule about it would only confuse.
      if (!invalid_.contains(broken.path)) report_.violations.push_back(std::move(broken));
  }

  CheckReport& report() { return report_; }
  Config& config() { return config_; }

 private:
  Location Where(std::string_view path) const {
    const auto found = where_.find(path);
    return found == where_.end() ? Location{} : found->second;
  }

  void Report(std::string path, FieldStatus status, std::string origin, std::string note) {
    // A line is named only for what the file itself says, or leaves to the default.
    const Location at = origin == "file" || origin == "default" ? Where(path) : Location{};
    report_.fields.push_back({std::move(path), status, at, std::move(origin), std::move(note)});
  }

  // ---- Collecting what the sources say ---------------------------------------------------------

  bool ReadFile() {
    if (!sources_.file_text) return true;
    auto parsed = ParseJsonText(*sources_.file_text, report_.file);
    if (!parsed.ok()) {
      report_.unreadable = parsed.error().message;
      return false;
    }
    if (!parsed->value.is_object()) {
      report_.unreadable = fmt::format(
          "{}, line 1: the outermost value must be an object {{...}}; nothing was read from the "
          "file",
          report_.file);
      return false;
    }
    where_ = std::move(parsed->where);
    Walk(parsed->value.as_object(), "", Rank::kFile, "file");
    return true;
  }

  void Walk(const json::object& object, const std::string& parent, Rank rank,
            const std::string& origin) {
    for (const auto& [key, value] : object) {
      const std::string path = MemberPath(parent, key);
      const Field* field = FindField(path);
      if (field != nullptr) {
        Take(*field, value, path, rank, origin);
      } else if (IsSection(path)) {
        if (value.is_object())
          Walk(value.as_object(), path, rank, origin);
        else if (!value.is_null())
          Report(path, FieldStatus::kInvalid, origin, "an object");
      } else if (const Field* open = FindOpenObject(parent)) {
        open_members_.push_back({open, std::string(key), {rank, value, origin, path}});
      } else {
        Report(path, FieldStatus::kUnknown, origin, Nearest(path));
      }
    }
  }

  // A value for a known field, under its own or an older name.
  void Take(const Field& field, const json::value& value, const std::string& path, Rank rank,
            const std::string& origin) {
    if (!field.no_meaning.empty())
      return Report(path, FieldStatus::kNoMeaning, origin, field.no_meaning);
    const bool older = !field.same_as.empty();
    const Field& target = older ? *FindField(field.same_as) : field;
    bool fits = true;
    for (Issue& issue : Validate(target, value, path)) {
      if (issue.status == FieldStatus::kInvalid) fits = false;
      Report(std::move(issue.path), issue.status, origin, std::move(issue.note));
    }
    if (!fits) {
      invalid_.insert(target.path);
      return;
    }
    const Rank counted = older && rank == Rank::kFile ? Rank::kOlderName : rank;
    offers_[target.path].push_back({counted, value, origin, path});
  }

  void TakeText(const Field& field, std::string_view text, Rank rank, const std::string& origin) {
    if (!field.no_meaning.empty())
      return Report(field.path, FieldStatus::kNoMeaning, origin, field.no_meaning);
    const Field& target = field.same_as.empty() ? field : *FindField(field.same_as);
    auto value = ValueFromText(target, text);
    if (value.ok()) return Take(field, *value, field.path, rank, origin);
    Report(field.path, FieldStatus::kInvalid, origin, value.error().message);
    invalid_.insert(target.path);
  }

  const std::string* Variable(std::string_view name) const {
    const auto found = sources_.environment.find(std::string(name));
    return found == sources_.environment.end() || found->second.empty() ? nullptr : &found->second;
  }

  void ReadEnvironment() {
    for (const auto& [name, path] : kUpstreamOverrides)
      if (const std::string* text = Variable(name))
        TakeText(*FindField(path), *text, Rank::kUpstreamEnvironment,
                 fmt::format("environment {}", name));
    std::set<std::string> known;
    for (const Field& field : Fields()) {
      const std::string name = EnvironmentName(field.path);
      known.insert(name);
      if (const std::string* text = Variable(name))
        TakeText(field, *text, Rank::kEnvironment, fmt::format("environment {}", name));
    }
    for (const auto& [name, text] : sources_.environment) {
      const bool ours = std::ranges::any_of(
          kVariablePrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
      if (ours && !known.contains(name))
        Report(name, FieldStatus::kUnknown, "environment", NearestEnvironmentName(name));
    }
  }

  void ReadSets() {
    for (const std::string& text : sources_.sets) {
      const std::size_t equals = text.find('=');
      if (equals == 0 || equals == std::string::npos) {
        Report(text.substr(0, equals), FieldStatus::kInvalid, "--set",
               "PATH=VALUE, as in app.baseStackName=dev");
        continue;
      }
      SetOne(text.substr(0, equals), std::string_view(text).substr(equals + 1));
    }
  }

  void SetOne(const std::string& path, std::string_view text) {
    if (const Field* field = FindField(path)) return TakeText(*field, text, Rank::kSet, "--set");
    if (IsSection(path)) {
      auto parsed = ParseJsonText(text, path);
      if (parsed.ok() && parsed->value.is_object())
        return Walk(parsed->value.as_object(), path, Rank::kSet, "--set");
      return Report(path, FieldStatus::kInvalid, "--set", "an object in JSON");
    }
    const std::size_t dot = path.rfind('.');
    const Field* open = dot == std::string::npos ? nullptr : FindOpenObject(path.substr(0, dot));
    if (open == nullptr) return Report(path, FieldStatus::kUnknown, "--set", Nearest(path));
    auto parsed = ParseJsonText(text, path);
    json::value value = parsed.ok() ? std::move(parsed->value) : json::value(text);
    open_members_.push_back(
        {open, path.substr(dot + 1), {Rank::kSet, std::move(value), "--set", path}});
  }

  // ---- Settling which value counts -------------------------------------------------------------

  bool Applies(const Field& field) const {
    if (field.only_with.empty()) return true;
    const json::value& kind = effective_.find(field.only_with)->second;
    return kind.is_string() && std::ranges::find(field.only_values, kind.as_string().c_str()) !=
                                   field.only_values.end();
  }

  // The default, which for two fields depends on others (all of them settled before).
  json::value DefaultOf(const Field& field) const {
    const auto is_true = [&](std::string_view path) {
      const json::value& v = effective_.find(path)->second;
      return v.is_bool() && v.as_bool();
    };
    const auto is_null = [&](std::string_view path) {
      return effective_.find(path)->second.is_null();
    };
    // Files of 2.2 and 2.3 know only the load balancer's switch.
    if (field.path == "app.useCloudFront.enabled") return !is_true("app.useAlb.enabled");
    if (field.path == "engines.search.kind") {
      const std::string_view serverless = "app.openSearch.useServerless.enabled";
      const std::string_view provisioned = "app.openSearch.useProvisioned.enabled";
      const bool unsaid = is_null(serverless) && is_null(provisioned);
      return unsaid || is_true(serverless) || is_true(provisioned) ? "xapian" : "none";
    }
    return Canonical(field, field.default_value, folder_);
  }

  std::string DefaultText(const Field& field, const json::value& value) const {
    if (value.is_null()) return field.default_note.empty() ? "none" : field.default_note;
    return json::serialize(value);
  }

  void Settle(const Field& field) {
    std::vector<Offer>& offers = offers_[field.path];
    // The last of equals: a repeated --set overrides the earlier one.
    std::ranges::stable_sort(offers, {}, &Offer::rank);
    if (!Applies(field)) {
      for (const Offer& offer : offers)
        if (!offer.value.is_null())
          Report(offer.path, FieldStatus::kNoMeaning, offer.origin,
                 fmt::format("counts only with {} {}", field.only_with,
                             fmt::join(field.only_values, " or ")));
      effective_[field.path] = nullptr;
      return;
    }
    if (!offers.empty() && offers.back().value.is_null() && offers.back().rank <= Rank::kFile)
      TakeFallback(field, offers);
    ReportOvertakenOlderName(offers);

    const bool is_default = offers.empty() || offers.back().value.is_null();
    effective_[field.path] =
        is_default ? DefaultOf(field) : Canonical(field, offers.back().value, folder_);
    if (!is_default) set_.insert(field.path);
    ReportSettled(field, offers, is_default);
  }

  void TakeFallback(const Field& field, std::vector<Offer>& offers) {
    for (const auto& [name, path] : kUpstreamFallbacks)
      if (const std::string* text = Variable(name); text != nullptr && path == field.path)
        offers.push_back(
            {Rank::kFile, json::value(*text), fmt::format("environment {}", name), field.path});
  }

  void ReportOvertakenOlderName(const std::vector<Offer>& offers) {
    for (std::size_t i = 0; i + 1 < offers.size(); ++i)
      if (offers[i].rank == Rank::kOlderName)
        Report(offers[i].path, FieldStatus::kNoMeaning, offers[i].origin,
               fmt::format("an older name of {}, which is set as well", offers.back().path));
  }

  void ReportSettled(const Field& field, const std::vector<Offer>& offers, bool is_default) {
    if (invalid_.contains(field.path) && is_default) return;
    if (is_default)
      return Report(field.path, FieldStatus::kNew, "default",
                    DefaultText(field, effective_[field.path]));
    const Offer& winner = offers.back();
    if (field.type == Type::kFileReference && effective_[field.path].is_null() &&
        !winner.value.as_string().empty())
      return Report(winner.path, FieldStatus::kNoMeaning, winner.origin,
                    "an ARN of AWS; file:/path would count here");
    std::string note;
    if (winner.path != field.path) note = fmt::format("an older name of {}", field.path);
    const Offer& weakest = offers.front();
    if (winner.origin != "file" && weakest.origin == "file" && !weakest.value.is_null())
      note = fmt::format("overrides line {} of the file", Where(weakest.path).line);
    Report(winner.path, FieldStatus::kUsed, winner.origin, std::move(note));
  }

  void SettleOpen(const Field& field) {
    json::object members;
    std::ranges::stable_sort(open_members_, {}, [](const OpenMember& m) { return m.offer.rank; });
    const bool applies = Applies(field);
    for (OpenMember& member : open_members_) {
      if (member.row != &field) continue;
      const std::string& path = member.offer.path;
      if (!applies) {
        Report(path, FieldStatus::kUnknown, member.offer.origin, Nearest(path));
        continue;
      }
      Report(path, FieldStatus::kUsed, member.offer.origin, "");
      members[member.key] = std::move(member.offer.value);
    }
    effective_[field.path] = std::move(members);
  }

  // What follows from several fields together.
  void Derive() {
    for (const PipelineShape& shape : Pipelines())
      if (!shape.group_switch.empty() && !effective_.find(shape.group_switch)->second.as_bool())
        config_.pipelines.at(std::string(shape.name)).enabled = false;
    const OpenSearch& o = config_.open_search;
    const bool switched_off = (o.serverless || o.provisioned) && !o.serverless.value_or(false) &&
                              !o.provisioned.value_or(false);
    if (switched_off) {
      search_overruled_ = config_.engines.search.kind != SearchKind::kNone;
      config_.engines.search = {.kind = SearchKind::kNone,
                                .stemming = config_.engines.search.stemming};
    }
    for (RateLimit* limit : {&config_.rate_limit, &config_.server.caller_limit})
      if (limit->per_second && !limit->burst) limit->burst = limit->per_second;
  }

  const Sources& sources_;
  std::string folder_;
  CheckReport report_;
  Config config_;
  std::map<std::string, Location, std::less<>> where_;
  std::map<std::string, std::vector<Offer>> offers_;
  std::vector<OpenMember> open_members_;
  std::set<std::string> invalid_;
  std::set<std::string> set_;
  Effective effective_;
  bool search_overruled_ = false;
};

}  // namespace

Config::Config() {
  for (const PipelineShape& shape : Pipelines()) {
    Pipeline& pipeline = pipelines[std::string(shape.name)];
    pipeline.enabled = shape.enabled;
    pipeline.auto_trigger = shape.auto_trigger == 1;
  }
}

Result<Config> Load(const Sources& sources) {
  Reader reader(sources);
  reader.Run();
  const CheckReport& report = reader.report();
  if (report.ok()) return std::move(reader.config());
  if (!report.unreadable.empty()) return Error(Code::kInvalid, report.unreadable);
  const int errors = report.errors();
  return Error(Code::kInvalid, fmt::format("{}: {} error{}, so nothing was started or changed:\n{}",
                                           report.file.empty() ? "the configuration" : report.file,
                                           errors, errors == 1 ? "" : "s", ErrorLines(report)));
}

CheckReport Check(const Sources& sources) {
  Reader reader(sources);
  reader.Run();
  return std::move(reader.report());
}

}  // namespace vams::config
