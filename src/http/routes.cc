#include "http/routes.h"

#include <algorithm>
#include <boost/url/pct_string_view.hpp>

namespace vams::http {

namespace {

bool IsParameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

// The pieces between slashes: "/a/b" gives a and b, "/a/" gives a and an empty one.
std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool IsWellFormed(std::string_view path) {
  if (!path.starts_with('/')) return false;
  for (const std::string& segment : Split(path)) {
    const bool has_brace = segment.find_first_of("{}") != std::string::npos;
    if (has_brace && (!IsParameter(segment) || segment.size() < 3 ||
                      segment.find_first_of("{}", 1) != segment.size() - 1))
      return false;
  }
  return true;
}

// Whether two patterns match the same paths.
bool SameShape(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::equal(a, b, [](const std::string& x, const std::string& y) {
    return x == y || (IsParameter(x) && IsParameter(y));
  });
}

bool Matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::ranges::equal(pattern, path, [](const std::string& want, const std::string& have) {
    // An empty segment is no value: /database//assets names no database.
    return IsParameter(want) ? !have.empty() : want == have;
  });
}

// True if `a` is the more particular of two patterns that match one path: a fixed segment at the
// first place where they differ.
bool MoreParticular(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (IsParameter(a[i]) != IsParameter(b[i])) return IsParameter(b[i]);
  return false;
}

}  // namespace

void Routes::Add(Route route) {
  VAMS_CHECK(IsWellFormed(route.path));
  VAMS_CHECK(route.handle != nullptr);
  VAMS_CHECK(!route.id.empty());
  VAMS_CHECK(std::ranges::find(routes_, route.id, &Route::id) == routes_.end());
  std::vector<std::string> segments = Split(route.path);
  auto pattern = std::ranges::find_if(
      patterns_, [&](const Pattern& p) { return SameShape(p.segments, segments); });
  if (pattern == patterns_.end()) {
    patterns_.push_back({std::move(segments), {}});
    pattern = patterns_.end() - 1;
  } else {
    VAMS_CHECK(pattern->segments == segments);
  }
  for (const std::size_t other : pattern->routes) VAMS_CHECK(routes_[other].verb != route.verb);
  pattern->routes.push_back(routes_.size());
  routes_.push_back(std::move(route));
}

Match Routes::Find(std::optional<Verb> verb, std::string_view raw_path) const {
  if (!raw_path.starts_with('/')) return BadPath{};
  std::vector<std::string> segments = Split(raw_path);
  // Decoded after splitting, so that an escaped slash stays inside its parameter.
  for (std::string& segment : segments) {
    auto decoded = PercentDecode(segment, false);
    if (!decoded || decoded->find('\0') != std::string::npos) return BadPath{};
    segment = *std::move(decoded);
  }

  const Pattern* best = nullptr;
  for (const Pattern& pattern : patterns_)
    if (Matches(pattern.segments, segments) &&
        (best == nullptr || MoreParticular(pattern.segments, best->segments)))
      best = &pattern;
  if (best == nullptr) return NoSuchPath{};

  const auto route_for = [&](Verb wanted) -> const Route* {
    for (const std::size_t i : best->routes)
      if (routes_[i].verb == wanted) return &routes_[i];
    return nullptr;
  };
  const Route* route = verb ? route_for(*verb) : nullptr;
  if (route == nullptr && verb == Verb::kHead) route = route_for(Verb::kGet);
  if (route == nullptr) {
    std::string allow;
    for (std::size_t i = 0; i <= static_cast<std::size_t>(Verb::kOptions); ++i) {
      const Verb candidate = static_cast<Verb>(i);
      const bool served = route_for(candidate) != nullptr ||
                          (candidate == Verb::kHead && route_for(Verb::kGet) != nullptr);
      if (served) allow.append(allow.empty() ? "" : ", ").append(VerbName(candidate));
    }
    return NoSuchVerb{std::move(allow)};
  }
  Found found{.route = route, .parameters = {}};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string& name = best->segments[i];
    if (IsParameter(name))
      found.parameters.emplace_back(name.substr(1, name.size() - 2), std::move(segments[i]));
  }
  return found;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  const auto encoded = boost::urls::make_pct_string_view(boost::core::string_view(text));
  if (encoded.has_error()) return std::nullopt;
  boost::urls::encoding_opts options;
  options.space_as_plus = plus_is_space;
  std::string decoded;
  decoded.reserve(encoded->decoded_size());
  const auto view = encoded->decode(options, boost::urls::string_token::assign_to(decoded));
  static_cast<void>(view);
  return decoded;
}

std::optional<NameValues> ParseQuery(std::string_view text) {
  NameValues pairs;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = PercentDecode(pair.substr(0, equals), true);
    auto value = PercentDecode(
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    pairs.emplace_back(*std::move(name), *std::move(value));
  }
  return pairs;
}

}  // namespace vams::http
