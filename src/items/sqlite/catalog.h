// The tables a store has, as one immutable snapshot; and the pool of reading connections.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "items/sqlite/connection.h"
#include "items/sqlite/layout.h"

namespace vams::items::sqlite {

using LayoutPtr = std::shared_ptr<const Layout>;
using TableMap = std::map<std::string, LayoutPtr, std::less<>>;

class Catalog {
 public:
  std::shared_ptr<const TableMap> tables() const {
    const std::shared_lock lock(mutex_);
    return tables_;
  }
  void Replace(std::shared_ptr<const TableMap> tables) {
    const std::unique_lock lock(mutex_);
    tables_ = std::move(tables);
  }

 private:
  mutable std::shared_mutex mutex_;  // guards tables_
  std::shared_ptr<const TableMap> tables_ = std::make_shared<TableMap>();
};

// kNotFound names the table and what there is.
Result<LayoutPtr> FindLayout(const TableMap& tables, std::string_view table);

class ConnectionPool {
 public:
  // Opens connections as they are needed, at most `max`.
  ConnectionPool(files::Path path, std::size_t max) : path_(std::move(path)), max_(max) {}
  // Keeps just these.
  explicit ConnectionPool(std::vector<std::unique_ptr<Connection>> open);

  class Lease {
   public:
    Lease(ConnectionPool* pool, std::unique_ptr<Connection> c)
        : pool_(pool), connection_(std::move(c)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_ != nullptr) pool_->Return(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits for a free one.
  Result<Lease> Borrow();

 private:
  void Return(std::unique_ptr<Connection> connection);

  const files::Path path_;
  const std::size_t max_;
  std::mutex mutex_;  // guards idle_ and open_
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;
};

// A connection set up for reading.
Result<std::unique_ptr<Connection>> OpenForReading(const files::Path& path);

}  // namespace vams::items::sqlite
