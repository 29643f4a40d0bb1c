#include "search/xapian/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "search/xapian/guard.h"

namespace vams::search::xapian {
namespace {

constexpr char kCurrent[] = "CURRENT";
constexpr char kManifest[] = "manifest.json";

bool IsGeneration(std::string_view name) {
  return name.size() >= 2 && name.front() == 'g' &&
         name.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

}  // namespace

Result<std::vector<std::string>> Catalogue::Generations() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root_, error))
    if (std::string name = entry.path().filename().string(); IsGeneration(name))
      names.push_back(std::move(name));
  if (error) return files::ErrnoError("read", root_, error.value());
  std::ranges::sort(names);
  return names;
}

Result<std::optional<std::string>> Catalogue::Current() const {
  auto text = files::ReadAll(root_ / kCurrent);
  if (!text.ok() && text.error().code == Code::kNotFound) return std::nullopt;
  if (!text.ok()) return std::move(text).error();
  if (!IsGeneration(*text)) return Corrupt("CURRENT says \"" + *text + "\"");
  return std::move(*text);
}

Status Catalogue::SetCurrent(const std::string& generation) const {
  return files::WriteAtomically(root_ / kCurrent, generation);
}

std::string Catalogue::NameOf(std::uint64_t number) { return fmt::format("g{:06}", number); }

Result<std::uint64_t> Catalogue::GreatestNumber() const {
  TRY(const auto names, Generations());
  std::uint64_t greatest = 0;
  for (const std::string& name : names)
    greatest = std::max<std::uint64_t>(greatest, std::strtoull(name.c_str() + 1, nullptr, 10));
  return greatest;
}

Result<std::optional<Manifest>> Catalogue::ReadManifest() const {
  auto text = files::ReadAll(build() / kManifest);
  if (!text.ok() && text.error().code == Code::kNotFound) return std::nullopt;
  if (!text.ok()) return std::move(text).error();
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(*text, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* kinds = object ? object->if_contains("kinds") : nullptr;
  const auto* position = object ? object->if_contains("position") : nullptr;
  const auto* generation = object ? object->if_contains("generation") : nullptr;
  if (!kinds || !kinds->is_int64() || !position || !position->is_string() || !generation ||
      !generation->is_string())
    return Corrupt("the manifest of the build says " + *text);
  return Manifest{
      .options = {.kinds = static_cast<KindSet>(kinds->get_int64() & 3),
                  .position = std::strtoull(position->get_string().c_str(), nullptr, 10)},
      .generation = std::string(generation->get_string())};
}

Status Catalogue::WriteManifest(const Manifest& manifest) const {
  const boost::json::object object{{"kinds", static_cast<std::int64_t>(manifest.options.kinds)},
                                   {"position", std::to_string(manifest.options.position)},
                                   {"generation", manifest.generation}};
  return files::WriteAtomically(build() / kManifest, boost::json::serialize(object));
}

Status Catalogue::Tidy() const {
  TRY(const auto current, Current());
  auto manifest = ReadManifest();
  // A build that was swapped in has done its work; one that cannot be read is of no use.
  const bool keep = manifest.ok() && *manifest && (*manifest)->generation != current.value_or("");
  if (!keep) TRY_OK(files::RemoveTree(build()));
  std::error_code error;
  std::vector<files::Path> lost;
  for (const auto& entry : std::filesystem::directory_iterator(root_, error)) {
    const std::string name = entry.path().filename().string();
    const bool temporary = name.ends_with(".tmp");
    const bool unused =
        IsGeneration(name) && name != current && !(keep && (*manifest)->generation == name);
    if (temporary || unused) lost.push_back(entry.path());
  }
  if (error) return files::ErrnoError("read", root_, error.value());
  for (const files::Path& path : lost) TRY_OK(files::RemoveTree(path));
  return Ok();
}

}  // namespace vams::search::xapian
