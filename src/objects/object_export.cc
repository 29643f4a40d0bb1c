#include "objects/object_export.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <set>

#include "base/clock.h"
#include "objects/object_records.h"
#include "objects/staged_file.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

constexpr std::size_t kExportPage = 1000;
constexpr std::size_t kBuffer = std::size_t{256} << 10;
constexpr std::size_t kMaxComponent = 255;
constexpr std::size_t kMaxProblems = 1000;

using VersionVisitor = std::function<Status(const ObjectVersion& version)>;

Status VisitTable(OpContext& op, items::ItemSource& source, std::string_view table,
                  const std::function<Status(const items::Item&)>& visit) {
  std::string after;
  do {
    TRY(const auto page, source.Scan(op, table, {}, after, kExportPage));
    for (const auto& item : page.items) TRY_OK(visit(item));
    after = page.next;
  } while (!after.empty());
  return Ok();
}

// Engines scan in the order of their own partitions; listings are in the order of names.
Result<std::set<std::string>> Buckets(OpContext& op, items::ItemSource& source) {
  std::set<std::string> buckets;
  TRY_OK(VisitTable(op, source, tables::kObjectsTable, [&](const items::Item& item) {
    const auto bucket = item.Text("bucket");
    if (!buckets.contains(std::string(bucket))) buckets.emplace(bucket);
    return Ok();
  }));
  return buckets;
}

Status VisitObjects(OpContext& op, items::ItemSource& source, const RecordVisitor& visit) {
  TRY(const auto buckets, Buckets(op, source));
  for (const auto& bucket : buckets) TRY_OK(VisitBucket(op, source, bucket, visit));
  return Ok();
}

// ---- The listing ----

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
          out += c;
    }
  }
  out += '"';
}

void AppendMember(std::string& out, std::string_view name) {
  out += out.ends_with('{') ? "\n  \"" : ",\n  \"";
  out += name;
  out += "\": ";
}

void AppendText(std::string& out, std::string_view name, std::string_view text) {
  AppendMember(out, name);
  AppendQuoted(out, text);
}

// The names that tell what an object belongs to come first, the others in order.
void AppendMetadata(std::string& out, const UserMetadata& metadata) {
  AppendMember(out, "metadata");
  if (metadata.empty()) {
    out += "{}";
    return;
  }
  bool first = true;
  const auto append = [&](std::string_view name, std::string_view value) {
    out += first ? "{\n   " : ",\n   ";
    first = false;
    AppendQuoted(out, name);
    out += ": ";
    AppendQuoted(out, value);
  };
  static constexpr std::array<std::string_view, 2> kFirst = {"databaseid", "assetid"};
  for (const auto name : kFirst)
    if (const auto found = metadata.find(std::string(name)); found != metadata.end())
      append(found->first, found->second);
  for (const auto& [name, value] : metadata)
    if (name != kFirst[0] && name != kFirst[1]) append(name, value);
  out += "\n  }";
}

std::string EntryText(const ObjectVersion& version) {
  std::string out = " {";
  AppendText(out, "bucket", version.bucket);
  AppendText(out, "key", version.key);
  if (!version.is_delete_marker) {
    AppendMember(out, "size");
    out += fmt::format("{}", version.size);
  }
  AppendText(out, "versionId", version.version_id);
  if (version.user_metadata) AppendMetadata(out, *version.user_metadata);
  if (version.etag) AppendText(out, "etag", *version.etag);
  if (version.last_modified_millis)
    AppendText(out, "lastModified", IsoMillis(*version.last_modified_millis));
  if (!version.is_latest) {
    AppendMember(out, "isLatest");
    out += "false";
  }
  if (version.is_delete_marker) {
    AppendMember(out, "isDeleteMarker");
    out += "true";
  }
  out += "\n }";
  return out;
}

// ---- The files ----

// The reason why a name cannot be a file below a folder; empty: it can.
std::string PathFault(std::string_view name) {
  if (name.contains('\0')) return "it has a NUL character";
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t stop = std::min(name.find('/', at), name.size());
    const auto component = name.substr(at, stop - at);
    if (component == "." || component == "..")
      return fmt::format("it has the component \"{}\"", component);
    if (component.empty() && stop < name.size())
      return at == 0 ? "it begins with a slash" : "it has an empty component";
    if (component.size() > kMaxComponent)
      return fmt::format("it has a component of more than {} bytes", kMaxComponent);
    at = stop + 1;
  }
  return {};
}

class Copier {
 public:
  Copier(OpContext& op, const BlobStore& blobs, const files::Path& dir)
      : op_(op), blobs_(blobs), dir_(dir) {}

  Status Copy(const ObjectRecord& record) {
    TRY_OK(op_.Check());
    const ObjectVersion& version = record.newest;
    if (version.is_delete_marker) return Ok();
    if (!version.present()) {
      ++report.absent;
      return Ok();
    }
    std::string fault = PathFault(version.bucket + "/" + version.key);
    if (fault.empty()) {
      TRY(fault, Write(version));
    }
    if (fault.empty()) {
      ++report.copied;
      report.bytes += version.size;
      return Ok();
    }
    ++report.problem_count;
    if (report.problems.size() < kMaxProblems)
      report.problems.push_back(
          fmt::format("{}/{} is not copied: {}", version.bucket, version.key, fault));
    return Ok();
  }

  CopyReport report;

 private:
  // The reason against it, or nothing; an error ends the copying.
  Result<std::string> Write(const ObjectVersion& version) {
    const bool folder = version.key.ends_with('/');
    const std::string name = version.bucket + "/" + version.key;
    const auto slash = name.rfind('/');
    TRY(const std::string fault, MakeFoldersBelow(name.substr(0, slash)));
    if (!fault.empty() || (folder && version.size == 0)) return fault;
    if (folder) return std::string("a folder cannot have content; fetch it by other means");
    const files::Path path = dir_ / name;
    TRY(auto staged, StagedFile::Create(path.parent_path()));
    for (const BlobRef& blob : BlobsOf(version)) {
      auto read =
          blobs_.Read(blob.sha256, [&](std::string_view chunk) { return staged.Write(chunk); });
      if (read.ok()) continue;
      const Code code = read.error().code;
      if (code == Code::kCorrupt || code == Code::kNotFound) return read.error().message;
      return std::move(read).error();
    }
    TRY_OK(staged.Close());
    if (auto renamed = staged.RenameTo(path); !renamed.ok()) return renamed.error().message;
    return std::string();
  }

  // Never through a symbolic link: keys are data, and must not lead out of the folder.
  Result<std::string> MakeFoldersBelow(const std::string& folders) {
    if (folders == made_) return std::string();
    for (std::size_t at = 0; at < folders.size();) {
      const std::size_t stop = std::min(folders.find('/', at), folders.size());
      const files::Path path = dir_ / folders.substr(0, stop);
      at = stop + 1;
      if (::mkdir(path.c_str(), 0777) == 0) continue;
      if (errno == ENAMETOOLONG) return std::string("its path is too long for a file");
      if (errno != EEXIST) return files::ErrnoError("create folder", path, errno);
      struct stat info {};
      if (::lstat(path.c_str(), &info) != 0) return files::ErrnoError("read", path, errno);
      if (!S_ISDIR(info.st_mode))
        return fmt::format("{} is no folder, so nothing can lie in it", path.string());
    }
    made_ = folders;
    return std::string();
  }

  OpContext& op_;
  const BlobStore& blobs_;
  const files::Path dir_;
  std::string made_;
};

}  // namespace

Result<ObjectCounts> CountObjects(OpContext& op, items::ItemSource& source) {
  ObjectCounts counts;
  TRY_OK(
      VisitTable(op, source, tables::kObjectVersionsTable, [&](const items::Item& item) -> Status {
        TRY(const auto version, VersionFromItem(item));
        ++counts.versions;
        if (version.is_delete_marker) {
          ++counts.delete_markers;
        } else {
          ++(version.present() ? counts.present : counts.absent);
          (version.present() ? counts.present_bytes : counts.absent_bytes) += version.size;
        }
        return Ok();
      }));
  TRY_OK(VisitTable(op, source, tables::kObjectsTable, [&](const items::Item& item) -> Status {
    TRY(const auto record, ObjectFromItem(item));
    if (!record.newest.is_delete_marker) ++counts.objects;
    return Ok();
  }));
  return counts;
}

Result<std::uint64_t> WriteListing(OpContext& op, items::ItemSource& source,
                                   const files::Path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : files::Path(".");
  TRY(auto file, StagedFile::Create(folder));
  std::uint64_t count = 0;
  std::string text = "[";
  TRY_OK(VisitObjects(op, source, [&](const ObjectRecord& record) -> Status {
    TRY_OK(op.Check());
    TRY(const auto versions, ReadVersions(op, source, record));
    for (const ObjectVersion& version : versions) {
      text += count++ == 0 ? "\n" : ",\n";
      text += EntryText(version);
    }
    if (text.size() < kBuffer) return Ok();
    TRY_OK(file.Write(text));
    text.clear();
    return Ok();
  }));
  text += count == 0 ? "]\n" : "\n]\n";
  TRY_OK(file.Write(text));
  TRY_OK(file.Sync());
  TRY_OK(file.Close());
  TRY_OK(file.RenameTo(path));
  TRY_OK(files::SyncFolder(folder));
  return count;
}

Result<CopyReport> CopyObjects(OpContext& op, items::ItemSource& source, const BlobStore& blobs,
                               const files::Path& dir) {
  TRY_OK(files::MakeFolders(dir));
  Copier copier(op, blobs, dir);
  TRY_OK(VisitObjects(op, source, [&](const ObjectRecord& record) { return copier.Copy(record); }));
  TRY_OK(SyncFileSystem(dir));
  return std::move(copier.report);
}

}  // namespace vams::objects
