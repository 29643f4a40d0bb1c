// Watching the writes of others by DynamoDB Streams: the changes of the last 24 hours, in order per
// key.  What goes through us is in our own change log; this is for tables that others write too.
//
//   TRY(const auto arn, EnableStream(op, store, "assets"));
//   TRY(auto reader, StreamReader::Open(store, arn, stored_position));
//   for (;;) {
//     TRY(const auto changes, reader.Read(op));   // empty: nothing new at the moment
//     … process, then store reader.position() …
//   }
//
// A reader belongs to one thread.  Reading blocks on the network.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "items/dynamodb/dynamodb_store.h"

namespace vams::items::dynamodb {

// Switches the stream of a table on, with both images, and returns its ARN.  One that is on stays
// as it is; kConflict when it carries no images of what was and is.
Result<std::string> EnableStream(OpContext& op, DynamoStore& store, std::string_view table);

struct StreamChange {
  std::string sequence;
  std::int64_t at_millis = 0;
  enum class Op : std::uint8_t { kInsert, kModify, kRemove } op = Op::kModify;
  Item key;
  std::optional<Item> before;
  std::optional<Item> after;
  bool by_time_to_live = false;
};

class StreamReader {
 public:
  // `position`: of an earlier reader; empty: from the oldest change there is.  kInvalid for other
  // text.
  static Result<StreamReader> Open(DynamoStore& store, std::string stream_arn,
                                   std::string_view position);

  // The next changes of every shard that may be read: a shard comes after the ones it was split
  // from, so that the changes of a key keep their order.  kNotFound when the position is older than
  // what the stream keeps: start over from a scan.
  Result<std::vector<StreamChange>> Read(OpContext& op);
  // Behind everything that Read has returned; text.
  std::string position() const;

 private:
  struct Shard {
    std::string parent;    // empty: none
    std::string after;     // sequence number of the last change read; empty: none yet
    std::string iterator;  // empty: to be asked for
    bool done = false;     // closed, and read to its end
    bool listed = false;   // by the last DescribeStream
  };

  StreamReader(DynamoStore& store, std::string arn) : store_(store), arn_(std::move(arn)) {}
  Status ListShards(OpContext& op);
  bool MayRead(const Shard& shard) const;
  Status ReadShard(OpContext& op, const std::string& id, Shard& shard,
                   std::vector<StreamChange>& out);
  Status FetchIterator(OpContext& op, const std::string& id, Shard& shard);

  DynamoStore& store_;
  std::string arn_;
  std::map<std::string, Shard> shards_;
};

}  // namespace vams::items::dynamodb
