#include "http/routes.h"

#include <algorithm>
#include <array>
#include <boost/url/pct_string_view.hpp>
#include <utility>

#include "base/encoding.h"

namespace vams::http {

namespace {

constexpr std::size_t kVerbCount = 7;
// Segments a route may have; those past it can only belong to a greedy tail.
constexpr std::size_t kMaxDepth = 16;

bool IsParameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}
bool IsTail(std::string_view segment) { return segment.ends_with("+}"); }

// The piece up to the next slash, taken off the front of `path`; `more` says if a slash followed.
std::string_view TakeSegment(std::string_view& path, bool& more) {
  const std::size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  more = slash != std::string_view::npos;
  path = more ? path.substr(slash + 1) : std::string_view();
  return segment;
}

// The pieces between slashes: "/a/b" gives a and b, "/" an empty one.
std::vector<std::string> SegmentsOf(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  for (bool more = true; more;) segments.emplace_back(TakeSegment(path, more));
  return segments;
}

bool IsWellFormed(std::string_view path) {
  if (!path.starts_with('/')) return false;
  const std::vector<std::string> segments = SegmentsOf(path);
  if (segments.size() > kMaxDepth) return false;
  for (const std::string& segment : segments) {
    if (segment.empty() && segments.size() > 1) return false;
    if (segment.find_first_of("{}") == std::string::npos) continue;
    if (!IsParameter(segment) || segment.find_first_of("{}", 1) != segment.size() - 1) return false;
    const bool tail = IsTail(segment);
    if (segment.size() < (tail ? 4u : 3u) || (tail && &segment != &segments.back())) return false;
  }
  return true;
}

// "{name}" and "{name+}" give "name".
std::string_view ParameterName(std::string_view segment) {
  return segment.substr(1, segment.size() - (IsTail(segment) ? 3 : 2));
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends the decoded segment; false for a broken escape.
bool AppendDecoded(std::string& out, std::string_view segment) {
  for (std::size_t escape = segment.find('%'); escape != std::string_view::npos;
       escape = segment.find('%')) {
    out.append(segment.substr(0, escape));
    if (escape + 3 > segment.size()) return false;
    const int high = HexValue(segment[escape + 1]);
    const int low = HexValue(segment[escape + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    segment.remove_prefix(escape + 3);
  }
  out.append(segment);
  return true;
}

// A path taken apart and decoded once.
struct SplitPath {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  std::string text;   // decoded, as it is routed
  std::size_t count;  // segments; "/" has an empty one
  // Where the first kMaxDepth segments begin in `text`.
  std::array<std::uint32_t, kMaxDepth + 1> starts;
  // The first segment that only a greedy tail may hold.
  std::size_t first_odd = kNone;

  std::string_view Segment(std::size_t index) const {
    const std::size_t begin = starts[index];
    const std::size_t end = index + 1 < count ? starts[index + 1] - 1 : text.size();
    return std::string_view(text).substr(begin, end - begin);
  }
  std::string_view From(std::size_t index) const {
    return std::string_view(text).substr(starts[index]);
  }
};

// False for a path that no URL of ours can have.
bool Decode(std::string_view raw, SplitPath& path) {
  if (!raw.starts_with('/')) return false;
  const bool root = raw.size() == 1;
  if (!root && raw.ends_with('/')) raw.remove_suffix(1);
  path.text.reserve(raw.size());
  path.count = 0;
  raw.remove_prefix(1);
  for (bool more = true; more; ++path.count) {
    const std::string_view segment = TakeSegment(raw, more);
    path.text += '/';
    const std::size_t begin = path.text.size();
    if (path.count < path.starts.size())
      path.starts[path.count] = static_cast<std::uint32_t>(begin);
    if (!AppendDecoded(path.text, segment)) return false;
    const std::string_view decoded = std::string_view(path.text).substr(begin);
    const bool odd = (decoded.empty() && !root) || decoded == "." || decoded == ".." ||
                     decoded.find('/') != std::string_view::npos;
    if (odd && path.first_odd == SplitPath::kNone) path.first_odd = path.count;
  }
  return path.text.find('\0') == std::string::npos && IsUtf8(path.text);
}

}  // namespace

// A place in the tree of segments: what the routes that begin the same way have next.
struct Routes::Node {
  using Child = std::pair<std::string, std::uint32_t>;
  using ByVerb = std::array<std::int32_t, kVerbCount>;  // indexes into routes_; -1: none

  static constexpr std::uint32_t kNone = 0;  // the root is nobody's child
  static constexpr ByVerb kNoRoutes = {-1, -1, -1, -1, -1, -1, -1};

  std::vector<Child> fixed;         // sorted
  std::uint32_t parameter = kNone;  // child for any one segment
  ByVerb here = kNoRoutes;          // routes that end here
  ByVerb tail = kNoRoutes;          // routes that take all the rest

  std::uint32_t FindFixed(std::string_view segment) const {
    const auto found = std::ranges::lower_bound(
        fixed, segment, {}, [](const Child& child) { return std::string_view(child.first); });
    return found != fixed.end() && found->first == segment ? found->second : kNone;
  }
};

// One walk through the tree, the most particular way first.
class Routes::Search {
 public:
  Search(const Routes& routes, const SplitPath& path, Verb verb)
      : routes_(routes), path_(path), verb_(verb) {}

  // The route below `node` for the segments from `depth` on; -1: none.
  std::int32_t From(std::uint32_t node_index, std::size_t depth) const {
    const Node& node = routes_.nodes_[node_index];
    if (depth == path_.count) return Pick(node.here);
    if (depth < path_.first_odd && depth < kMaxDepth) {
      const std::string_view segment = path_.Segment(depth);
      const std::uint32_t fixed = node.FindFixed(segment);
      if (fixed != Node::kNone)
        if (const std::int32_t found = From(fixed, depth + 1); found >= 0) return found;
      if (node.parameter != Node::kNone && !segment.empty())
        if (const std::int32_t found = From(node.parameter, depth + 1); found >= 0) return found;
    }
    // "/" has one empty segment, which is no value.
    return path_.text.size() > path_.starts[depth] ? Pick(node.tail) : -1;
  }

 private:
  std::int32_t Pick(const Node::ByVerb& routes) const {
    const std::int32_t own = routes[static_cast<std::size_t>(verb_)];
    if (own >= 0 || verb_ != Verb::kHead) return own;
    return routes[static_cast<std::size_t>(Verb::kGet)];
  }

  const Routes& routes_;
  const SplitPath& path_;
  const Verb verb_;
};

Routes::Routes() : nodes_(1) {}
Routes::~Routes() = default;
Routes::Routes(const Routes& other) = default;
Routes::Routes(Routes&&) noexcept = default;
Routes& Routes::operator=(Routes other) noexcept {
  std::swap(routes_, other.routes_);
  std::swap(nodes_, other.nodes_);
  std::swap(fallback_, other.fallback_);
  return *this;
}

void Routes::Add(Route route) {
  VAMS_CHECK(IsWellFormed(route.path));
  VAMS_CHECK(route.handle != nullptr);
  VAMS_CHECK(!route.id.empty());
  VAMS_CHECK(std::ranges::find(routes_, route.id, &Route::id) == routes_.end());
  std::uint32_t at = 0;
  bool tail = false;
  for (const std::string& segment : SegmentsOf(route.path)) {
    tail = IsParameter(segment) && IsTail(segment);
    if (tail) break;
    const bool parameter = IsParameter(segment);
    std::uint32_t next = parameter ? nodes_[at].parameter : nodes_[at].FindFixed(segment);
    if (next == Node::kNone) {
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
      Node& node = nodes_[at];
      if (parameter)
        node.parameter = next;
      else
        node.fixed.insert(std::ranges::lower_bound(node.fixed, segment, {}, &Node::Child::first),
                          {segment, next});
    }
    at = next;
  }
  std::int32_t& place =
      (tail ? nodes_[at].tail : nodes_[at].here)[static_cast<std::size_t>(route.verb)];
  VAMS_CHECK(place < 0);
  place = static_cast<std::int32_t>(routes_.size());
  routes_.push_back(std::move(route));
}

void Routes::SetFallback(Handler handle, bool inline_ok) {
  VAMS_CHECK(handle != nullptr);
  fallback_ = Route{.id = "fallback", .handle = std::move(handle), .inline_ok = inline_ok};
}

Match Routes::Find(std::optional<Verb> verb, std::string_view raw_path) const {
  SplitPath path;
  if (!Decode(raw_path, path))
    return {.kind = Match::Kind::kBadPath, .path = std::string(raw_path)};
  const std::int32_t found = verb ? Search(*this, path, *verb).From(0, 0) : -1;
  Match match;
  if (found < 0) {
    const bool odd = path.first_odd != SplitPath::kNone;
    match.kind = odd ? Match::Kind::kBadPath : Match::Kind::kNone;
    match.path = odd ? std::string(raw_path) : std::move(path.text);
    return match;
  }
  match.kind = Match::Kind::kFound;
  match.route = &routes_[static_cast<std::size_t>(found)];
  std::string_view pattern = std::string_view(match.route->path).substr(1);
  bool more = true;
  for (std::size_t i = 0; more; ++i) {
    const std::string_view segment = TakeSegment(pattern, more);
    if (!IsParameter(segment)) continue;
    match.parameters.emplace_back(ParameterName(segment),
                                  IsTail(segment) ? path.From(i) : path.Segment(i));
  }
  match.path = std::move(path.text);
  return match;
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
