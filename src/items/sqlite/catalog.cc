#include "items/sqlite/catalog.h"

#include <fmt/format.h>

namespace vams::items::sqlite {

Result<LayoutPtr> FindLayout(const TableMap& tables, std::string_view table) {
  const auto found = tables.find(table);
  if (found == tables.end())
    return Error(Code::kNotFound,
                 fmt::format("there is no table \"{}\" in this item store", table));
  return found->second;
}

Result<std::unique_ptr<Connection>> OpenForReading(const files::Path& path) {
  TRY(auto connection, Connection::Open(path, Connection::Mode::kReadOnly));
  TRY_OK(connection->Exec("PRAGMA cache_size=-16384"));
  TRY_OK(connection->Exec("PRAGMA temp_store=MEMORY"));
  return connection;
}

ConnectionPool::ConnectionPool(std::vector<std::unique_ptr<Connection>> open)
    : max_(open.size()), idle_(std::move(open)), open_(max_) {}

Result<ConnectionPool::Lease> ConnectionPool::Borrow() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return !idle_.empty() || open_ < max_; });
  if (!idle_.empty()) {
    // The one used last has the warmest cache.
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return Lease(this, std::move(connection));
  }
  ++open_;
  lock.unlock();
  auto connection = OpenForReading(path_);
  if (!connection.ok()) {
    lock.lock();
    --open_;
    returned_.notify_one();
    return std::move(connection).error();
  }
  return Lease(this, *std::move(connection));
}

void ConnectionPool::Return(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

}  // namespace vams::items::sqlite
