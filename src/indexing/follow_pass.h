// One step of following: what a page of the log affects is found out, made anew and handed to the
// target.  Internal to indexing; follow.h is what others use.  Spec: search.md sections 7.2
// and 7.3.
//
// Thread rule: a Pass belongs to one thread.  Calls block on the item store and the index.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "indexing/affected.h"
#include "indexing/documents.h"
#include "indexing/follow.h"
#include "items/store.h"
#include "search/search.h"

namespace vams::indexing {

// An asset with more files than are made anew in one step.  Its files are gone through by key, a
// piece in each step, from what is there then.
struct FilesJob {
  search::Position hold = 0;  // the change that it is because of is behind it
  items::Position end = 0;    // the log ended here when it began
  std::string location;       // of the asset's files
  std::string after;          // cursor of the next piece
  std::string key;            // the last one that was done
  bool failed = false;        // some of it
};

// What a Follower knows from one step to the next.
struct FollowMemory {
  // Assets whose files were all made anew, with the end of the log before that: what changed in
  // them up to there is shown.
  std::map<AssetRef, items::Position> shown;
  std::map<AssetRef, FilesJob> jobs;
  search::Position next = 0;  // where the log goes on while there are jobs

  // The target's position must not get beyond it; nothing: it may.
  std::optional<search::Position> hold() const;
  // A change of the file `path` of the asset needs not be looked at, because all of its files are
  // made anew later than that.
  bool Covers(const AssetRef& asset, std::string_view path, items::Position position) const;
  bool CoversKey(const AssetRef& asset, std::string_view key, items::Position position) const;
};

class Pass {
 public:
  // `position` is the target's, `from` where the changes are behind.  `end`: the log's before
  // anything is read; 0: what it is about is made anew at once, however much it is.
  Pass(items::ItemStore& store, search::Generation& target, const FollowOptions& options,
       FollowMemory& memory, search::Position position, search::Position from, items::Position end)
      : maker_(store),
        store_(store),
        target_(target),
        options_(options),
        memory_(memory),
        position_(position),
        from_(from),
        end_(end) {}

  Status Run(OpContext& op, Affected affected);
  // A piece of one of the jobs.
  Status RunJob(OpContext& op);
  // The rest of it, with this position.
  Status Finish(OpContext& op, search::Position position, Follower::Move move);
  FollowStep& step() { return step_; }

 private:
  // What there is to do for one asset.
  struct Work {
    bool asset = false;
    bool files = false;
    bool unknown = false;
    std::set<Folder> folders;
    std::set<std::string> paths;
    std::set<std::string> keys;  // of `bucket`, that may be its files'
    std::string bucket;
  };
  struct Object {
    std::string bucket, key;
    AffectedObject affected;
    bool there = false;  // looked for, and found
    bool looked = false;
  };

  // follow_affected.cc
  Status AddWork(OpContext& op, Affected& affected);
  Status AddLinks(OpContext& op, Affected& affected);
  Status AddBuckets(OpContext& op, Affected& affected);
  Result<std::vector<Object>> ObjectsOf(OpContext& op, Affected& affected);
  Status AddOwners(OpContext& op, Object& object);
  Result<std::vector<AssetRef>> AssetsOfId(OpContext& op, const std::string& id);
  Status RemoveGuessed(OpContext& op, std::string_view asset_id, std::string_view path);

  // follow_pass.cc
  Status Do(OpContext& op, const AssetRef& ref, const Work& work);
  Status DoAsset(OpContext& op, const AssetRef& ref);
  Status DoWithFiles(OpContext& op, const AssetRef& ref, const Work& work);
  Status LeaveFolders(OpContext& op, const AssetRef& ref, const DocumentMaker::Records& records,
                      const Work& work);
  Status LeaveFolder(OpContext& op, const AssetRef& ref, const std::string& bucket,
                     const std::string& location);
  Status DoFiles(OpContext& op, const AssetRef& ref, const DocumentMaker::Records& records,
                 const Work& work);
  Status DoPaths(OpContext& op, const AssetRef& ref, const DocumentMaker::Records& records,
                 std::span<const std::string> paths);
  Status DoAllFiles(OpContext& op, const AssetRef& ref, const catalog::Asset& owner);
  Result<bool> DoPiece(OpContext& op, const AssetRef& ref, FilesJob& job);

  void Fail(DocumentRef::Kind kind, const AssetRef& asset, std::string path, std::string id,
            Error error) {
    step_.troubles.push_back({.ref = {.kind = kind, .asset = asset, .path = std::move(path)},
                              .id = std::move(id),
                              .error = std::move(error)});
  }
  void FailFiles(const AssetRef& asset, std::vector<Failure> failures);
  Status FlushIfFull(OpContext& op) {
    return writes_.size() < options_.piece ? Ok() : Apply(op, position_);
  }
  Status Apply(OpContext& op, search::Position position);
  Status ApplyBut(OpContext& op, std::span<const search::Write> writes);

  DocumentMaker maker_;
  items::ItemStore& store_;
  search::Generation& target_;
  const FollowOptions& options_;
  FollowMemory& memory_;
  const search::Position position_;
  const search::Position from_;
  const items::Position end_;
  FollowStep step_;
  std::map<AssetRef, Work> work_;
  std::vector<search::Write> writes_;
  std::map<std::string, std::vector<AssetRef>> by_id_;
  std::optional<std::vector<std::string>> databases_;  // plain ids
};

// The names of the folders that a key lies in, with what follows each of them: of "a/b/c.glb" "a"
// with "b/c.glb" and "b" with "c.glb".
std::vector<std::pair<std::string_view, std::string_view>> FoldersOf(std::string_view key);

}  // namespace vams::indexing
