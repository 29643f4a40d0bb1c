// Finding the tables of a data set.
#include "items/aws/dataset.h"

#include <fmt/format.h>

#include <algorithm>

#include "items/aws/export_manifest.h"
#include "items/aws/input_file.h"

namespace vams::items::aws {

namespace {

namespace fs = std::filesystem;

// An AWSDynamoDB folder may lie this many levels down; the export's own folder is one further.
constexpr int kMaxDepth = 6;

// The table of `<name>.json` or `<name>.json.gz`; empty for every other file.
std::string TableOfFile(const files::Path& file) {
  std::string name = file.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (!name.ends_with(".json") || name.starts_with('_') || name.starts_with('.')) return {};
  name.resize(name.size() - 5);
  return name;
}

Error NotTableData(const files::Path& file, std::string_view what) {
  return Error(Code::kInvalid,
               fmt::format("{} is not table data: {}.  Expected one {{\"Item\":{{…}}}} per line or "
                           "the output of a table scan; move other files out of the folder",
                           file.string(), what));
}

// What the first bytes say the file is.  An empty file is an empty table.
Result<TableFiles::Layout> Sniff(const files::Path& path) {
  auto file = InputFile::Open(path, false);
  if (!file.ok() && file.error().code != Code::kCorrupt) return std::move(file).error();
  std::string head(4096, '\0');
  std::size_t size = 0;
  // Damage is told, or passed over, when the table is read.
  while (file.ok() && size < head.size()) {
    const auto count = (*file)->Read(head.data() + size, head.size() - size);
    if (!count.ok() || *count == 0) break;
    size += *count;
  }
  std::string_view text = std::string_view(head).substr(0, size);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    return NotTableData(path, "it is UTF-16; save it as UTF-8");
  if (text.starts_with("\xef\xbb\xbf"))
    return NotTableData(path, "it begins with a byte order mark; save it as plain UTF-8");
  const auto skip_space = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(" \r\n\t"), text.size()));
  };
  skip_space();
  if (text.empty()) return TableFiles::Layout::kLines;
  if (text.front() != '{') return NotTableData(path, "it does not begin with '{'");
  text.remove_prefix(1);
  skip_space();
  for (const std::string_view name :
       {"\"Items\"", "\"Count\"", "\"ScannedCount\"", "\"ConsumedCapacity\"",
        "\"LastEvaluatedKey\"", "\"NextToken\""})
    if (text.starts_with(name)) return TableFiles::Layout::kScan;
  if (text.starts_with("\"Item\"")) return TableFiles::Layout::kLines;
  return NotTableData(path, "its first member is not \"Item\" or \"Items\"");
}

Result<TableFiles> OpenTableFile(const files::Path& file) {
  TableFiles table;
  table.physical_name = TableOfFile(file);
  if (table.physical_name.empty())
    return Error(Code::kInvalid,
                 fmt::format("{} is not named after a table: expected <TableName>.json or "
                             "<TableName>.json.gz",
                             file.string()));
  table.where = file;
  table.files.push_back({file, std::nullopt, {}});
  TRY(table.layout, Sniff(file));
  return table;
}

// Entries in order of their names, so that messages and results do not depend on the file system.
Result<std::vector<fs::directory_entry>> List(const files::Path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code ec;
  fs::directory_iterator it(folder, ec);
  for (; !ec && it != fs::directory_iterator(); it.increment(ec)) entries.push_back(*it);
  if (ec) return files::ErrnoError("read folder", folder, ec.value());
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.path() < b.path(); });
  return entries;
}

bool IsFolder(const fs::directory_entry& entry) {
  std::error_code ec;
  return entry.is_directory(ec);
}

// Hidden folders are left out: an interrupted export of ours leaves one.
Status FindExports(const files::Path& folder, int depth, std::vector<TableFiles>& tables) {
  if (IsExportFolder(folder)) {
    TRY(TableFiles table, OpenExport(folder));
    tables.push_back(std::move(table));
    return Ok();
  }
  if (depth > kMaxDepth) return Ok();
  TRY(const auto entries, List(folder));
  for (const auto& entry : entries)
    if (IsFolder(entry) && !entry.path().filename().string().starts_with('.'))
      TRY_OK(FindExports(entry.path(), depth + 1, tables));
  return Ok();
}

Status FindTableFiles(const files::Path& folder, Dataset& dataset) {
  TRY(const auto entries, List(folder));
  for (const auto& entry : entries) {
    std::error_code ec;
    if (!entry.is_regular_file(ec)) continue;
    if (entry.path().filename() == "_s3-objects.json") dataset.objects_listing = entry.path();
    if (TableOfFile(entry.path()).empty()) continue;
    TRY(TableFiles table, OpenTableFile(entry.path()));
    dataset.tables.push_back(std::move(table));
  }
  return Ok();
}

Status CheckUnique(const std::vector<TableFiles>& sorted) {
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const TableFiles& a = sorted[i - 1];
    const TableFiles& b = sorted[i];
    if (a.physical_name != b.physical_name) continue;
    const auto describe = [](const TableFiles& t) {
      return t.export_time.empty() ? t.where.string()
                                   : fmt::format("{} (of {})", t.where.string(), t.export_time);
    };
    return Error(
        Code::kInvalid,
        fmt::format("table {} is there twice: {} and {}; keep the one to read and move the "
                    "other away",
                    a.physical_name, describe(a), describe(b)));
  }
  return Ok();
}

}  // namespace

std::string_view LayoutName(TableFiles::Layout layout) {
  switch (layout) {
    case TableFiles::Layout::kExport:
      return "point-in-time export";
    case TableFiles::Layout::kLines:
      return "item lines";
    case TableFiles::Layout::kScan:
      return "table scan";
  }
  return "";
}

Result<Dataset> OpenDataset(const files::Path& given) {
  // Without the slash at its end a folder has a name and a parent.
  std::error_code ec;
  files::Path where = fs::absolute(given, ec).lexically_normal();
  if (!where.has_filename()) where = where.parent_path();
  const auto status = fs::status(where, ec);
  if (!fs::exists(status))
    return Error(Code::kNotFound,
                 fmt::format("{} does not exist; name the folder of the data set", given.string()));
  Dataset dataset;
  if (!fs::is_directory(status)) {
    // An export's own files stand for its folder.
    if (where.filename().string().starts_with("manifest-")) {
      TRY(TableFiles table, OpenExport(where.parent_path()));
      dataset.tables.push_back(std::move(table));
    } else {
      TRY(TableFiles table, OpenTableFile(where));
      dataset.tables.push_back(std::move(table));
    }
    return dataset;
  }
  TRY_OK(FindExports(where, 0, dataset.tables));
  if (!IsExportFolder(where)) TRY_OK(FindTableFiles(where, dataset));
  if (dataset.tables.empty())
    return Error(Code::kNotFound,
                 fmt::format("{} holds no data set: no AWSDynamoDB/<export>/manifest-summary.json "
                             "in it and no <TableName>.json at its top",
                             given.string()));
  std::stable_sort(dataset.tables.begin(), dataset.tables.end(),
                   [](const auto& a, const auto& b) { return a.physical_name < b.physical_name; });
  TRY_OK(CheckUnique(dataset.tables));
  return dataset;
}

}  // namespace vams::items::aws
