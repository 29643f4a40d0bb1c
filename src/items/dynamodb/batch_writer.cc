#include "items/dynamodb/batch_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "items/codec.h"
#include "items/dynamodb/expression.h"
#include "items/dynamodb/json_slice.h"

namespace vams::items::dynamodb {

namespace {

constexpr std::size_t kBatchItems = 25;
// The service takes 16 MB a call, of JSON.
constexpr std::size_t kBatchBytes = std::size_t{15} << 20;

double WriteUnits(const std::vector<std::string>& requests) {
  double units = 0;
  for (const auto& request : requests) units += static_cast<double>((request.size() + 1023) / 1024);
  return units;
}

// The sum that the answer names; nothing if it names none.
std::optional<double> ConsumedUnits(const JsonMembers& answer) {
  const auto list = SliceArray(FindMember(answer, "ConsumedCapacity"));
  if (!list.ok() || list->empty()) return std::nullopt;
  double units = 0;
  for (const auto element : *list) {
    const auto capacity = SliceObject(element);
    if (!capacity.ok()) return std::nullopt;
    units += JsonNumber(FindMember(*capacity, "CapacityUnits")).value_or(0);
  }
  return units;
}

}  // namespace

BatchWriter::BatchWriter(std::shared_ptr<Engine> engine, TableRef table)
    : engine_(std::move(engine)),
      table_(std::move(table)),
      window_(engine_->options().max_in_flight) {}

BatchWriter::~BatchWriter() {
  {
    std::unique_lock lock(mutex_);
    stop_ = true;
    queue_.clear();
    changed_.notify_all();
    // Calls under way usually end at once, and some servers do not bear a connection that is cut.
    changed_.wait_for(lock, std::chrono::seconds(1), [&] { return running_ == 0; });
  }
  work_.Cancel();
  for (auto& thread : threads_) thread.join();
}

Status BatchWriter::Put(OpContext& op, std::string key, const Item& item) {
  return Add(op, std::move(key), "{\"PutRequest\":{\"Item\":" + aws::ToJson(item) + "}}");
}

Status BatchWriter::Delete(OpContext& op, std::string key, const Item& item_key) {
  return Add(op, std::move(key), "{\"DeleteRequest\":{\"Key\":" + aws::ToJson(item_key) + "}}");
}

Status BatchWriter::Add(OpContext& op, std::string key, std::string request) {
  TRY_OK(op.Check());
  if (const auto at = place_.find(key); at != place_.end()) {
    pending_.bytes += request.size() - pending_.requests[at->second].size();
    pending_.requests[at->second] = std::move(request);
    return Ok();
  }
  if (pending_.requests.size() == kBatchItems || pending_.bytes + request.size() > kBatchBytes)
    TRY_OK(Submit(op));
  {
    // Two calls under way may overtake each other, so one key is never in both.
    std::unique_lock lock(mutex_);
    TRY_OK(Wait(op, lock, [&] { return !under_way_.contains(key); }));
  }
  place_.emplace(key, pending_.requests.size());
  pending_.keys.push_back(std::move(key));
  pending_.bytes += request.size();
  pending_.requests.push_back(std::move(request));
  return Ok();
}

Status BatchWriter::Submit(OpContext& op) {
  const std::size_t most = std::max<std::size_t>(engine_->options().max_in_flight, 1);
  std::unique_lock lock(mutex_);
  TRY_OK(Wait(op, lock, [&] { return queue_.size() < most; }));
  if (pending_.requests.empty()) return Ok();
  for (const auto& key : pending_.keys) under_way_.insert(key);
  queue_.push_back(std::exchange(pending_, {}));
  place_.clear();
  if (threads_.size() < most) threads_.emplace_back([this] { Work(); });
  changed_.notify_all();
  return Ok();
}

Status BatchWriter::Flush(OpContext& op) {
  TRY_OK(Submit(op));
  std::unique_lock lock(mutex_);
  return Wait(op, lock, [&] { return queue_.empty() && running_ == 0; });
}

template <typename Ready>
Status BatchWriter::Wait(OpContext& op, std::unique_lock<std::mutex>& lock, const Ready& ready) {
  for (;;) {
    if (auto problem = TakeProblem()) return *std::move(problem);
    if (ready()) return Ok();
    TRY_OK(op.Check());
    // Cancelling wakes nobody up.
    changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
}

std::optional<Error> BatchWriter::TakeProblem() {
  if (failure_) return failure_;
  return std::exchange(refusal_, std::nullopt);
}

std::uint64_t BatchWriter::written() const {
  const std::lock_guard lock(mutex_);
  return written_ - refused_;
}

void BatchWriter::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(
        lock, [&] { return stop_ || (!queue_.empty() && !failure_ && running_ < window_.size()); });
    if (stop_) return;
    Batch batch = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    lock.unlock();
    const std::size_t count = batch.requests.size();
    const auto written = Write(std::move(batch.requests));
    lock.lock();
    --running_;
    for (const auto& key : batch.keys) under_way_.erase(key);
    if (written.ok())
      written_ += count;
    else if (!failure_)
      failure_ = written.error();
    changed_.notify_all();
  }
}

Status BatchWriter::Write(std::vector<std::string> requests) {
  auto& client = engine_->client();
  std::optional<net::Backoff> backoff;
  Error last_error;
  while (!requests.empty()) {
    auto left = WriteOnce(requests, last_error);
    if (!left.ok()) {
      const Code code = left.error().code;
      if (code != Code::kInvalid && code != Code::kTooLarge) return std::move(left).error();
      if (requests.size() == 1) {
        Refuse(requests[0], left.error());
        return Ok();
      }
      // One bad item has the whole call refused: find it by halves.
      const auto middle = requests.begin() + static_cast<std::ptrdiff_t>(requests.size() / 2);
      TRY_OK(Write({requests.begin(), middle}));
      return Write({middle, requests.end()});
    }
    if (*left && (*left)->size() < requests.size()) backoff.reset();  // it comes forward
    if (*left) requests = **std::move(left);
    if (requests.empty()) break;
    if (!backoff) backoff.emplace(client.options().retry, client.timer(), client.random());
    TRY(const bool again, backoff->Wait(work_));
    if (!again) return last_error;
  }
  return Ok();
}

Result<std::optional<std::vector<std::string>>> BatchWriter::WriteOnce(
    const std::vector<std::string>& requests, Error& last_error) {
  auto& budget = engine_->write_budget();
  TRY_OK(budget.Wait(work_));
  const std::string body = fmt::format(
      "{{\"RequestItems\":{{{}:[{}]}}{}}}", Quoted(table_->physical), fmt::join(requests, ","),
      budget.limited() ? ",\"ReturnConsumedCapacity\":\"TOTAL\"" : "");
  TRY(auto answer, engine_->client().Once(work_, "BatchWriteItem", body));
  if (answer.kind == Answer::Kind::kRefused)
    return engine_->Explain(std::move(answer.error), *table_);
  if (answer.kind != Answer::Kind::kOk) {
    if (answer.kind == Answer::Kind::kThrottled) window_.Throttled();
    last_error = std::move(answer.error);
    return std::optional<std::vector<std::string>>();
  }
  TRY(const auto members, SliceObject(answer.body));
  std::vector<std::string> left;
  const auto unprocessed = FindMember(members, "UnprocessedItems");
  if (!unprocessed.empty() && unprocessed != "null") {
    TRY(const auto tables, SliceObject(unprocessed));
    for (const auto& [table, list] : tables) {
      TRY(const auto elements, SliceArray(list));
      left.insert(left.end(), elements.begin(), elements.end());
    }
  }
  budget.Pay(ConsumedUnits(members).value_or(WriteUnits(requests)));
  if (left.empty()) {
    window_.Succeeded();
  } else {
    window_.Throttled();
    last_error = Error(Code::kUnavailable,
                       fmt::format("DynamoDB throttles the writing of table {}; repeat it later, "
                                   "or raise the table's capacity",
                                   table_->spec.name));
  }
  return std::optional(std::move(left));
}

void BatchWriter::Refuse(const std::string& request, const Error& reason) {
  // {"PutRequest":{"Item":{…}}}: the innermost object that is an attribute map.
  Item item;
  const auto outer = SliceObject(request);
  if (outer.ok() && !outer->empty()) {
    const auto inner = SliceObject(outer->front().second);
    if (inner.ok() && !inner->empty()) {
      auto parsed = aws::ParseItem(inner->front().second);
      if (parsed.ok()) item = *std::move(parsed);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    ++refused_;
  }
  CountRefused(item, reason);
}

void BatchWriter::CountRefused(const Item& item, const Error& reason) {
  const auto& tell = engine_->options().on_refused;
  if (tell) {
    tell(table_->spec.name, item, reason);
    return;
  }
  const std::lock_guard lock(mutex_);
  if (refusal_) return;
  refusal_ = reason;
  refusal_->message =
      fmt::format("{}: {}; the items beside it were written",
                  DescribeKey(table_->spec, KeyOf(table_->spec, item)), reason.message);
}

}  // namespace vams::items::dynamodb
