// The JSON of an export, made piece by piece.  Spec: api-assets.md section 9.2; ruling 6.
//
// Written as text at once, not as a tree of values: an export holds hundreds of thousands of
// values, and most of its time would go into the tree.
//
// Belongs to one thread at a time.  Blocks on the stores.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/exports.h"

namespace vams::api {

// The text in quotes, with escapes (RFC 8259 section 7).
void AppendJsonText(std::string& out, std::string_view text);

class ExportText {
 public:
  // Makes the absolute URL by which this version of the object can be downloaded.
  using Signer = std::function<Result<std::string>(OpContext& op, const objects::ObjectId& object,
                                                   const std::string& version_id)>;

  // `seconds`: how long such a URL is good.
  ExportText(std::unique_ptr<catalog::Export> source, Signer sign, std::int64_t seconds)
      : source_(std::move(source)), sign_(std::move(sign)), seconds_(seconds) {}

  // Appends the next piece; false behind the last one.
  Result<bool> Next(OpContext& op, std::string& out);

  const catalog::Export& source() const { return *source_; }

 private:
  enum class Stage : std::uint8_t { kBegin, kAssets, kFiles, kLinks, kEnd, kDone };

  Status BeginAsset(OpContext& op, std::string& out);
  Status AppendFiles(OpContext& op, std::string& out);
  Status AppendFile(OpContext& op, const catalog::ExportedFile& exported, std::string& out);
  Status AppendLinks(OpContext& op, std::string& out);
  Status AppendEnd(OpContext& op, std::string& out);

  const std::unique_ptr<catalog::Export> source_;
  const Signer sign_;
  const std::int64_t seconds_;
  Stage stage_ = Stage::kBegin;
  bool first_ = true;  // of the list that is being written
  // Of the asset whose files are being written.
  bool signs_ = false;
  std::string bucket_;
};

}  // namespace vams::api
