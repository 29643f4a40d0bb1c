#include "items/aws/export_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"
#include "items/aws/dynamodb_json.h"
#include "items/aws/output_file.h"
#include "items/codec.h"

namespace vams::items::aws {

namespace {

struct Written {
  std::string key;  // dataFileS3Key
  std::uint64_t items = 0;
  std::string md5;
};

// 26 characters of a–z and 2–7, as AWS names data files.
std::string DataFileName(Random& random) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  unsigned char bytes[26];
  random.Fill(bytes, sizeof bytes);
  std::string name;
  for (const unsigned char b : bytes) name.push_back(kAlphabet[b & 31]);
  return name + ".json.gz";
}

// Milliseconds and eight hexadecimal digits: 01715685260608-c488b4e1.
std::string ExportId(std::int64_t millis, Random& random) {
  std::string bytes(4, '\0');
  random.Fill(bytes.data(), bytes.size());
  return fmt::format("{:014}-{}", millis, HexEncode(bytes));
}

// The name becomes part of a path and of an ARN.
Status CheckName(std::string_view what, std::string_view name) {
  const bool ok = !name.empty() && name.size() <= 255 && name.front() != '.' &&
                  std::all_of(name.begin(), name.end(), [](char c) {
                    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
                  });
  if (ok) return Ok();
  return Error(Code::kInvalid, fmt::format("\"{}\" cannot be the {} of an exported table: only "
                                           "letters, digits, '_', '-' and '.' can",
                                           name, what));
}

Status WriteSynced(const files::Path& path, std::string_view content) {
  TRY(const auto file, OutputFile::Create(path, 0));
  TRY_OK(file->Write(content));
  return file->Close();
}

// X.json and X.checksum.
Status WriteManifest(const files::Path& path, std::string_view content) {
  TRY_OK(WriteSynced(path, content));
  files::Path checksum = path;
  checksum.replace_extension(".checksum");
  return WriteSynced(checksum, Base64Encode(Md5(content)));
}

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

}  // namespace

struct ExportWriter::Impl {
  Impl(const ExportOptions& o, const Clock& c, Random& r, files::TempFolder s)
      : options(o), clock(c), random(r), staging(std::move(s)) {}

  const ExportOptions options;
  const Clock& clock;
  Random& random;
  files::TempFolder staging;
  files::Path final_path;
  files::Path staged_path;  // becomes final_path
  files::Path export_path;  // kDynamoDb: with the manifests
  std::string export_id;
  std::string key_prefix;  // of every key: <table>/AWSDynamoDB/<id>/
  std::string table_id;
  std::int64_t start_millis = 0;

  std::unique_ptr<OutputFile> file;
  Written current;
  std::vector<Written> written;
  std::uint64_t billed_bytes = 0;
  ExportResult result;
  std::string line;

  Status Prepare();
  Status NewFile();
  Status EndFile();
  Status WriteManifests();
  std::string Summary() const;
  Status Publish();
};

Status ExportWriter::Impl::Prepare() {
  if (options.format == ExportFormat::kLines) {
    staged_path = staging.path() / (options.canonical_name + ".json");
    return NewFile();
  }
  staged_path = staging.path() / options.physical_name;
  export_path = staged_path / "AWSDynamoDB" / export_id;
  key_prefix = fmt::format("{}/AWSDynamoDB/{}/", options.physical_name, export_id);
  TRY_OK(files::MakeFolders(export_path / "data"));
  TRY_OK(WriteSynced(export_path / "_started", ""));
  return NewFile();
}

Status ExportWriter::Impl::NewFile() {
  if (options.format == ExportFormat::kLines) {
    TRY(file, OutputFile::Create(staged_path, 0));
    return Ok();
  }
  const std::string name = DataFileName(random);
  current = Written{key_prefix + "data/" + name, 0, {}};
  TRY(file, OutputFile::Create(export_path / "data" / name, options.compression_level));
  return Ok();
}

Status ExportWriter::Impl::EndFile() {
  TRY_OK(file->Close());
  result.json_bytes += file->content_bytes();
  result.stored_bytes += file->stored_bytes();
  current.md5 = file->md5();
  written.push_back(std::move(current));
  file.reset();
  return Ok();
}

std::string ExportWriter::Impl::Summary() const {
  const std::string table_arn = fmt::format("arn:aws:dynamodb:{}:{}:table/{}", options.region,
                                            options.account, options.physical_name);
  return fmt::format(
      R"({{"version":"2020-06-30","exportArn":{},"startTime":"{}","endTime":"{}","tableArn":{},)"
      R"("tableId":"{}","exportTime":"{}","s3Bucket":{},"s3Prefix":{},"s3SseAlgorithm":"AES256",)"
      R"("s3SseKmsKeyId":null,"manifestFilesS3Key":{},"billedSizeBytes":{},"itemCount":{},)"
      R"("outputFormat":"DYNAMODB_JSON","exportType":"FULL_EXPORT"}})"
      "\n",
      JsonString(table_arn + "/export/" + export_id), IsoMillis(start_millis),
      IsoMillis(clock.NowMillis()), JsonString(table_arn), table_id,
      IsoMillis(options.export_time_millis), JsonString(options.bucket),
      JsonString(options.physical_name), JsonString(key_prefix + "manifest-files.json"),
      billed_bytes, result.items);
}

Status ExportWriter::Impl::WriteManifests() {
  std::string list;
  for (const auto& data : written)
    list += fmt::format(R"({{"itemCount":{},"md5Checksum":"{}","etag":"{}-1","dataFileS3Key":{}}})"
                        "\n",
                        data.items, Base64Encode(data.md5), HexEncode(Md5(data.md5)),
                        JsonString(data.key));
  TRY_OK(WriteManifest(export_path / "manifest-files.json", list));
  TRY_OK(WriteManifest(export_path / "manifest-summary.json", Summary()));
  for (const auto& folder :
       {export_path / "data", export_path, export_path.parent_path(), staged_path})
    TRY_OK(files::SyncFolder(folder));
  return Ok();
}

Status ExportWriter::Impl::Publish() {
  // A rename replaces a file without asking.
  std::error_code ec;
  if (std::filesystem::exists(final_path, ec))
    return Error(Code::kConflict,
                 fmt::format("{} appeared while the table was exported, and stays as it is; choose "
                             "another folder",
                             final_path.string()));
  return files::RenameDurably(staged_path, final_path);
}

ExportWriter::ExportWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ExportWriter::~ExportWriter() = default;

Result<std::unique_ptr<ExportWriter>> ExportWriter::Open(const ExportOptions& options,
                                                         const Clock& clock, Random& random) {
  const bool lines = options.format == ExportFormat::kLines;
  TRY_OK(lines ? CheckName("name", options.canonical_name)
               : CheckName("physical name", options.physical_name));
  const files::Path final_path =
      options.folder / (lines ? options.canonical_name + ".json" : options.physical_name);
  std::error_code ec;
  if (std::filesystem::exists(final_path, ec))
    return Error(
        Code::kConflict,
        fmt::format("{} exists already; nothing was written: choose another folder or move "
                    "it away",
                    final_path.string()));
  TRY_OK(files::MakeFolders(options.folder));
  TRY(auto staging,
      files::TempFolder::Create(options.folder, "." + final_path.filename().string() + ".partial"));
  auto impl = std::make_unique<Impl>(options, clock, random, std::move(staging));
  impl->final_path = final_path;
  impl->start_millis = clock.NowMillis();
  if (!lines) {
    impl->export_id = ExportId(impl->start_millis, random);
    impl->table_id = NewUuid(random);
  }
  TRY_OK(impl->Prepare());
  return std::unique_ptr<ExportWriter>(new ExportWriter(std::move(impl)));
}

Status ExportWriter::Add(std::string_view encoded) {
  Impl& w = *impl_;
  w.line.assign("{\"Item\":");
  TRY_OK(AppendJson(w.line, encoded));
  w.line.append("}\n");
  if (w.options.format == ExportFormat::kDynamoDb) {
    if (w.current.items > 0 &&
        w.file->content_bytes() + w.line.size() > w.options.data_file_bytes) {
      TRY_OK(w.EndFile());
      TRY_OK(w.NewFile());
    }
    TRY(const Item item, DecodeItem(encoded));
    w.billed_bytes += ItemSize(item);
  }
  TRY_OK(w.file->Write(w.line));
  ++w.current.items;
  ++w.result.items;
  return Ok();
}

Result<ExportResult> ExportWriter::Finish() {
  Impl& w = *impl_;
  VAMS_CHECK(w.file != nullptr);
  TRY_OK(w.EndFile());
  if (w.options.format == ExportFormat::kDynamoDb) TRY_OK(w.WriteManifests());
  TRY_OK(w.Publish());
  w.result.path = w.final_path;
  return w.result;
}

}  // namespace vams::items::aws
