#include "items/dynamodb/streams.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "items/dynamodb/engine.h"
#include "items/dynamodb/expression.h"
#include "items/dynamodb/json_slice.h"

namespace vams::items::dynamodb {

namespace {

Error Unreadable(std::string_view what) {
  return Error(Code::kCorrupt, fmt::format("the server's answer about a stream cannot be read: {}; "
                                           "check that it speaks the DynamoDB protocol",
                                           what));
}

Result<std::optional<Item>> ImageOf(const JsonMembers& record, std::string_view name) {
  const auto image = FindMember(record, name);
  if (image.empty() || image == "null") return std::optional<Item>();
  auto item = aws::ParseItem(image);
  if (!item.ok()) return Unreadable(item.error().message);
  return std::optional(*std::move(item));
}

Result<StreamChange> ReadRecord(std::string_view text) {
  TRY(const auto record, SliceObject(text));
  TRY(const auto body, SliceObject(FindMember(record, "dynamodb")));
  StreamChange change;
  change.sequence = JsonText(FindMember(body, "SequenceNumber"));
  const std::string event = JsonText(FindMember(record, "eventName"));
  if (change.sequence.empty() || (event != "INSERT" && event != "MODIFY" && event != "REMOVE"))
    return Unreadable("a record without number or kind");
  change.op = event == "INSERT"   ? StreamChange::Op::kInsert
              : event == "REMOVE" ? StreamChange::Op::kRemove
                                  : StreamChange::Op::kModify;
  change.at_millis = static_cast<std::int64_t>(
      JsonNumber(FindMember(body, "ApproximateCreationDateTime")).value_or(0) * 1000);
  TRY(auto key, ImageOf(body, "Keys"));
  if (!key) return Unreadable("a record without key");
  change.key = *std::move(key);
  TRY(change.before, ImageOf(body, "OldImage"));
  TRY(change.after, ImageOf(body, "NewImage"));
  const auto identity = SliceObject(FindMember(record, "userIdentity"));
  change.by_time_to_live =
      identity.ok() && JsonText(FindMember(*identity, "principalId")) == "dynamodb.amazonaws.com";
  return change;
}

}  // namespace

Result<std::string> EnableStream(OpContext& op, DynamoStore& store, std::string_view table) {
  auto& engine = store.engine();
  TRY(auto description, engine.Describe(op, table));
  if (!description.stream.enabled) {
    TRY_OK(engine.client().Call(
        op, "UpdateTable",
        fmt::format("{{\"TableName\":\"{}\",\"StreamSpecification\":{{\"StreamEnabled\":true,"
                    "\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}}}",
                    engine.Physical(table))));
    TRY_OK(WaitUntilActive(op, engine, table));
    TRY(description, engine.Describe(op, table));
  }
  if (description.stream.view != "NEW_AND_OLD_IMAGES")
    return Error(Code::kConflict,
                 fmt::format("the stream of table {} carries {}, not both images; switch it off "
                             "first, if nobody else needs it",
                             table, description.stream.view));
  return description.stream.arn;
}

Result<StreamReader> StreamReader::Open(DynamoStore& store, std::string stream_arn,
                                        std::string_view position) {
  StreamReader reader(store, std::move(stream_arn));
  if (position.empty()) return reader;
  const Error bad(Code::kInvalid, "this is no position of a stream reader; start over without one");
  boost::system::error_code ec;
  const auto json = boost::json::parse(position, ec);
  if (ec || !json.is_object()) return bad;
  for (const auto& [id, value] : json.get_object()) {
    if (!value.is_string() && !value.is_bool()) return bad;
    Shard shard;
    shard.done = value.is_bool();
    if (value.is_string()) shard.after = std::string(value.get_string());
    reader.shards_.emplace(std::string(id), std::move(shard));
  }
  return reader;
}

std::string StreamReader::position() const {
  boost::json::object out;
  for (const auto& [id, shard] : shards_) {
    if (shard.done)
      out[id] = true;
    else if (!shard.after.empty())
      out[id] = shard.after;
  }
  return boost::json::serialize(out);
}

Status StreamReader::ListShards(OpContext& op) {
  for (auto& [id, shard] : shards_) shard.listed = false;
  std::string start;
  do {
    std::string body = fmt::format("{{\"StreamArn\":{}", Quoted(arn_));
    if (!start.empty()) body += fmt::format(",\"ExclusiveStartShardId\":{}", Quoted(start));
    TRY(const auto answer, store_.engine().client().Call(op, "Streams.DescribeStream", body + "}"));
    TRY(const auto members, SliceObject(answer));
    TRY(const auto stream, SliceObject(FindMember(members, "StreamDescription")));
    TRY(const auto list, SliceArray(FindMember(stream, "Shards")));
    for (const auto element : list) {
      TRY(const auto fields, SliceObject(element));
      auto& shard = shards_[JsonText(FindMember(fields, "ShardId"))];
      shard.parent = JsonText(FindMember(fields, "ParentShardId"));
      shard.listed = true;
    }
    start = JsonText(FindMember(stream, "LastEvaluatedShardId"));
  } while (!start.empty());
  // What the stream has forgotten needs no remembering once it was read to its end.
  std::erase_if(shards_,
                [](const auto& entry) { return !entry.second.listed && entry.second.done; });
  return Ok();
}

bool StreamReader::MayRead(const Shard& shard) const {
  if (shard.done || !shard.listed) return false;
  const auto parent = shards_.find(shard.parent);
  return parent == shards_.end() || parent->second.done || !parent->second.listed;
}

Status StreamReader::FetchIterator(OpContext& op, const std::string& id, Shard& shard) {
  std::string body = fmt::format("{{\"StreamArn\":{},\"ShardId\":{}", Quoted(arn_), Quoted(id));
  if (shard.after.empty())
    body += ",\"ShardIteratorType\":\"TRIM_HORIZON\"}";
  else
    body += fmt::format(",\"ShardIteratorType\":\"AFTER_SEQUENCE_NUMBER\",\"SequenceNumber\":{}}}",
                        Quoted(shard.after));
  TRY(const auto answer, store_.engine().client().Call(op, "Streams.GetShardIterator", body));
  TRY(const auto members, SliceObject(answer));
  shard.iterator = JsonText(FindMember(members, "ShardIterator"));
  if (shard.iterator.empty()) return Unreadable("no iterator");
  return Ok();
}

Status StreamReader::ReadShard(OpContext& op, const std::string& id, Shard& shard,
                               std::vector<StreamChange>& out) {
  if (shard.iterator.empty()) TRY_OK(FetchIterator(op, id, shard));
  TRY(auto answer, store_.engine().client().Exchange(
                       op, "Streams.GetRecords",
                       fmt::format("{{\"ShardIterator\":{}}}", Quoted(shard.iterator))));
  if (answer.kind != Answer::Kind::kOk) {
    // Iterators live for a quarter of an hour; the next Read asks for another.
    shard.iterator.clear();
    if (answer.failure.type == "ExpiredIteratorException") return Ok();
    return std::move(answer.error);
  }
  TRY(const auto members, SliceObject(answer.body));
  TRY(const auto records, SliceArray(FindMember(members, "Records")));
  for (const auto record : records) {
    TRY(auto change, ReadRecord(record));
    shard.after = change.sequence;
    out.push_back(std::move(change));
  }
  shard.iterator = JsonText(FindMember(members, "NextShardIterator"));
  shard.done = shard.iterator.empty();
  return Ok();
}

Result<std::vector<StreamChange>> StreamReader::Read(OpContext& op) {
  std::vector<StreamChange> out;
  TRY_OK(ListShards(op));
  for (const auto& [id, shard] : shards_)
    if (!shard.listed && !shard.after.empty())
      return Error(Code::kNotFound,
                   "changes behind the reader's position are no longer in the stream, which keeps "
                   "them for 24 hours; start over from a scan");
  // Shards whose parents end in this round follow in it.
  for (bool ended = true; ended;) {
    ended = false;
    for (auto& [id, shard] : shards_) {
      if (!MayRead(shard)) continue;
      auto read = ReadShard(op, id, shard, out);
      if (!read.ok() && out.empty()) return std::move(read).error();
      // What was read counts as handed out; the error comes again.
      if (!read.ok()) return out;
      ended = ended || shard.done;
    }
    if (!out.empty()) break;
  }
  return out;
}

}  // namespace vams::items::dynamodb
