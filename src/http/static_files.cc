#include "http/static_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "http/compress.h"
#include "http/conditional.h"
#include "http/field_text.h"

namespace vams::http {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kForever = "public, max-age=31536000, immutable";
constexpr std::string_view kAskAgain = "no-cache";
constexpr std::size_t kShortestHash = 8;
constexpr std::uint64_t kFolderLimit = std::uint64_t{1} << 30;

using TypeByExtension = std::pair<std::string_view, std::string_view>;
constexpr std::array kMediaTypes = {
    TypeByExtension{".html", "text/html; charset=utf-8"},
    TypeByExtension{".js", "text/javascript; charset=utf-8"},
    TypeByExtension{".mjs", "text/javascript; charset=utf-8"},
    TypeByExtension{".css", "text/css; charset=utf-8"},
    TypeByExtension{".txt", "text/plain; charset=utf-8"},
    TypeByExtension{".md", "text/plain; charset=utf-8"},
    TypeByExtension{".csv", "text/csv; charset=utf-8"},
    TypeByExtension{".json", "application/json"},
    TypeByExtension{".map", "application/json"},
    TypeByExtension{".geojson", "application/geo+json"},
    TypeByExtension{".webmanifest", "application/manifest+json"},
    TypeByExtension{".xml", "application/xml"},
    TypeByExtension{".wasm", "application/wasm"},
    TypeByExtension{".svg", "image/svg+xml"},
    TypeByExtension{".png", "image/png"},
    TypeByExtension{".jpg", "image/jpeg"},
    TypeByExtension{".jpeg", "image/jpeg"},
    TypeByExtension{".gif", "image/gif"},
    TypeByExtension{".webp", "image/webp"},
    TypeByExtension{".avif", "image/avif"},
    TypeByExtension{".ico", "image/x-icon"},
    TypeByExtension{".woff", "font/woff"},
    TypeByExtension{".woff2", "font/woff2"},
    TypeByExtension{".ttf", "font/ttf"},
    TypeByExtension{".otf", "font/otf"},
    TypeByExtension{".pdf", "application/pdf"},
    TypeByExtension{".zip", "application/zip"},
    TypeByExtension{".mp4", "video/mp4"},
    TypeByExtension{".webm", "video/webm"},
    TypeByExtension{".glb", "model/gltf-binary"},
    TypeByExtension{".gltf", "model/gltf+json"},
};

std::string_view FileName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// With its dot; empty without one.
std::string_view Extension(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot);
}

std::string TagOf(std::string_view bytes) { return '"' + HexEncode(Sha256(bytes)) + '"'; }

bool AcceptsHtml(const Request& request) {
  std::string_view rest = request.headers.Find("accept").value_or("");
  while (!rest.empty()) {
    std::string_view element = NextFieldPart(rest, ',');
    if (EqualsIgnoreCase(NextFieldPart(element, ';'), "text/html")) return true;
  }
  return false;
}

Result<std::string> ReadWhole(const fs::path& path, std::uint64_t size) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!in)
    return Error(
        Code::kUnavailable,
        fmt::format("cannot read {}; make it readable for the server or remove it", path.string()));
  return bytes;
}

// Paths below the folder, with a slash in front, and contents.
using Contents = std::map<std::string, std::string>;

Result<Contents> ReadFolder(const fs::path& folder) {
  Contents contents;
  std::uint64_t total = 0;
  std::error_code error;
  // Does not enter folders behind links.
  fs::recursive_directory_iterator at(folder, error);
  if (error)
    return Error(Code::kNotFound, fmt::format("cannot read the folder of static files {}: {}; name "
                                              "one that exists and is readable",
                                              folder.string(), error.message()));
  for (; at != fs::recursive_directory_iterator(); at.increment(error)) {
    const fs::path path = at->path();
    const fs::file_status status = at->symlink_status(error);
    if (path.filename().string().starts_with('.')) {
      at.disable_recursion_pending();
      continue;
    }
    if (error || !fs::is_regular_file(status)) continue;
    const std::uint64_t size = at->file_size(error);
    if (error) continue;  // removed meanwhile
    total += size;
    if (total > kFolderLimit)
      return Error(Code::kTooLarge, fmt::format("the folder of static files {} holds more than 1 "
                                                "GiB, which does not go into memory; name the "
                                                "folder of the built application",
                                                folder.string()));
    TRY(std::string bytes, ReadWhole(path, size));
    contents.emplace("/" + path.lexically_relative(folder).generic_string(), std::move(bytes));
  }
  if (error)
    return Error(Code::kUnavailable,
                 fmt::format("reading the folder of static files {} failed: {}; nothing of it is "
                             "served, try again",
                             folder.string(), error.message()));
  return contents;
}

}  // namespace

std::string_view MediaTypeOf(std::string_view path) {
  const std::string_view extension = Extension(FileName(path));
  const auto found = std::ranges::find_if(
      kMediaTypes, [&](const auto& type) { return EqualsIgnoreCase(type.first, extension); });
  return found == kMediaTypes.end() ? "application/octet-stream" : found->second;
}

bool HasContentHash(std::string_view path) {
  std::string_view stem = FileName(path);
  const std::string_view extension = Extension(stem);
  if (extension.size() < 2) return false;
  stem.remove_suffix(extension.size());
  if (stem.size() <= kShortestHash) return false;
  const auto separator = stem.find_last_of("-.", stem.size() - kShortestHash - 1);
  if (separator == std::string_view::npos) return false;
  const std::string_view hash = stem.substr(separator + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  bool varied = false;
  for (const char c : hash) {
    varied = varied || is_digit(c) || is_capital(c);
    if (!is_digit(c) && !is_capital(c) && !is_small(c) && c != '_' && c != '-') return false;
  }
  return varied;
}

StaticFiles::StaticFiles(const std::vector<StaticFile>& files, const Options& options)
    : options_(options) {
  for (const StaticFile& file : files) {
    std::string path(file.path);
    if (!path.starts_with('/')) path.insert(0, 1, '/');
    Entry entry;
    entry.media_type = file.media_type.empty() ? MediaTypeOf(path) : file.media_type;
    entry.cache_control = HasContentHash(path) ? kForever : kAskAgain;
    if (!file.brotli.empty()) entry.forms.push_back({"br", file.brotli, TagOf(file.brotli)});
    if (!file.gzip.empty()) entry.forms.push_back({"gzip", file.gzip, TagOf(file.gzip)});
    entry.forms.push_back({"identity", file.bytes, TagOf(file.bytes)});
    VAMS_CHECK(files_.emplace(std::move(path), std::move(entry)).second);
  }
}

Result<StaticFiles> StaticFiles::LoadFolder(const fs::path& folder, const Options& options) {
  TRY(Contents contents, ReadFolder(folder));
  auto owned = std::make_shared<std::vector<std::string>>();
  owned->reserve(contents.size());  // views into its strings must stay
  std::map<std::string, std::string_view> views;
  for (auto& [path, bytes] : contents) {
    owned->push_back(std::move(bytes));
    views.emplace(path, owned->back());
  }
  std::vector<StaticFile> files;
  const auto view_of = [&](const std::string& path) {
    const auto found = views.find(path);
    return found == views.end() ? std::string_view() : found->second;
  };
  for (const auto& [path, bytes] : views) {
    const std::string_view extension = Extension(path);
    const bool is_form = (extension == ".gz" || extension == ".br") &&
                         views.contains(path.substr(0, path.size() - extension.size()));
    if (is_form) continue;
    files.push_back({.path = path,
                     .bytes = bytes,
                     .gzip = view_of(path + ".gz"),
                     .brotli = view_of(path + ".br")});
  }
  StaticFiles set(files, options);
  set.owned_ = std::move(owned);
  return set;
}

const StaticFiles::Entry* StaticFiles::FindEntry(const Request& request, bool& is_fallback) const {
  is_fallback = false;
  if (request.verb != Verb::kGet && request.verb != Verb::kHead) return nullptr;
  auto found = files_.find(request.path == "/" ? options_.index : request.path);
  if (found == files_.end() && options_.index_for_navigation && AcceptsHtml(request)) {
    is_fallback = true;
    found = files_.find(options_.index);
  }
  return found == files_.end() ? nullptr : &found->second;
}

const StaticFiles::Form& StaticFiles::Choose(const Request& request, const Entry& entry) {
  const Form* best = &entry.forms.back();
  int best_weight = 0;
  for (const Form& form : entry.forms) {
    const int weight = EncodingWeight(request, form.coding);
    if (weight <= best_weight) continue;
    best = &form;
    best_weight = weight;
  }
  return *best;
}

std::optional<Response> StaticFiles::Find(const Request& request) const {
  bool is_fallback = false;
  const Entry* const entry = FindEntry(request, is_fallback);
  if (entry == nullptr) return std::nullopt;
  const Form& form = Choose(request, *entry);
  Response response;
  response.headers.Set("content-type", entry->media_type);
  response.headers.Set("cache-control", entry->cache_control);
  response.headers.Set("etag", form.etag);
  if (form.coding != "identity") response.headers.Set("content-encoding", form.coding);
  if (entry->forms.size() > 1) AddVary(response, "accept-encoding");
  if (is_fallback) AddVary(response, "accept");
  // A client that has the file already gets by without a copy of it.
  if (CheckConditions(request, {.etag = form.etag}) == Conditions::kGoOn)
    response.body = form.bytes;
  ApplyConditionsAndRange(request, response);
  return response;
}

}  // namespace vams::http
