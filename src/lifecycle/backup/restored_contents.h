// Brings the contents that restored rows refer to from a backup into the blobs of a stack.
// Internal to backup.
//
// One thread.  Blocks for as long as there is much to bring.
#pragma once

#include <string>
#include <unordered_set>

#include "lifecycle/backup/backup.h"
#include "objects/blob_store.h"

namespace vams::lifecycle::backup {

class ContentRestorer {
 public:
  // What is damaged or missing goes to `findings`; with `skip_damaged` it is left out.
  ContentRestorer(const Manifest& manifest, const ChunkReader& reader, const ChunkIndex& index,
                  objects::BlobStore& blobs, bool skip_damaged, std::vector<Finding>& findings,
                  const Setting& setting)
      : manifest_(manifest),
        reader_(reader),
        index_(index),
        blobs_(blobs),
        batch_(blobs),
        skip_damaged_(skip_damaged),
        findings_(findings),
        setting_(setting) {}

  // What an item of an object table refers to, unless it is there.
  Status Bring(const items::Item& item);
  // What was brought is durable when this returns.
  Status Finish() { return batch_.Commit(); }

  std::uint64_t contents() const { return contents_; }  // that were not there
  std::uint64_t bytes() const { return bytes_; }

 private:
  Status One(const Content& content, const std::string& object);
  Status Fetch(const Content& content, const std::string& name);

  const Manifest& manifest_;
  const ChunkReader& reader_;
  const ChunkIndex& index_;
  objects::BlobStore& blobs_;
  objects::BlobBatch batch_;
  const bool skip_damaged_;
  std::vector<Finding>& findings_;
  const Setting& setting_;
  std::unordered_set<Digest, objects::DigestHash> seen_;
  std::uint64_t contents_ = 0, bytes_ = 0;
};

}  // namespace vams::lifecycle::backup
