// Reading items over one SQLite connection.  Every function may block on disk; each call is one
// read transaction of its own unless the connection holds one open (a snapshot).
#pragma once

#include <optional>
#include <string>

#include "items/sqlite/catalog.h"
#include "items/store.h"

namespace vams::items::sqlite {

// The stored parts of a key.
struct StoredKeyParts {
  std::string partition, sort;
};
StoredKeyParts PartsOf(const Layout& layout, const Item& key);

// Appends the encoded item to `out`; false if there is none.
Result<bool> GetEncoded(Connection& connection, const Layout& layout, const StoredKeyParts& key,
                        std::string& out);
Result<std::optional<Item>> GetItem(Connection& connection, const Layout& layout,
                                    const StoredKeyParts& key);

Result<Page> QueryPage(Connection& connection, const Layout& layout, const QueryRequest& request);

Result<std::vector<Segment>> SplitTable(Connection& connection, const Layout& layout,
                                        std::size_t count);
Result<std::string> ScanPage(Connection& connection, const Layout& layout, const Segment& segment,
                             std::string_view after, std::size_t limit,
                             const ItemSource::EncodedVisitor& visit);

// The same page as items.
Result<Page> ScanItems(Connection& connection, const Layout& layout, const Segment& segment,
                       std::string_view after, std::size_t limit);

Result<Position> LastPosition(Connection& connection);
Result<Position> LogFloor(Connection& connection);

// Implements the reading half of a store or snapshot over a pool and a catalog.
template <typename Base>
class Reads : public Base {
 public:
  Result<std::vector<TableSpec>> Tables(OpContext& op) override {
    TRY_OK(op.Check());
    std::vector<TableSpec> specs;
    for (const auto& [name, layout] : *CurrentTables()) specs.push_back(layout->spec);
    return specs;
  }
  Result<TableSpec> Table(OpContext& op, std::string_view table) override {
    TRY_OK(op.Check());
    TRY(const auto layout, FindLayout(*CurrentTables(), table));
    return layout->spec;
  }
  Result<Item> Get(OpContext& op, std::string_view table, const Item& key) override;
  Result<std::vector<std::optional<Item>>> BatchGet(OpContext& op, std::string_view table,
                                                    std::span<const Item> keys) override;
  Result<Page> Query(OpContext& op, const QueryRequest& request) override;
  Result<std::vector<Segment>> SplitScan(OpContext& op, std::string_view table,
                                         std::size_t count) override;
  Result<Page> Scan(OpContext& op, std::string_view table, const Segment& segment,
                    std::string_view after, std::size_t limit) override;
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table, const Segment& segment,
                                  std::string_view after, std::size_t limit,
                                  const ItemSource::EncodedVisitor& visit) override;
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) override;
  Result<Position> LastChange(OpContext& op) override;

 protected:
  virtual std::shared_ptr<const TableMap> CurrentTables() const = 0;
  virtual ConnectionPool& pool() = 0;
};

extern template class Reads<ItemStore>;
extern template class Reads<Snapshot>;

}  // namespace vams::items::sqlite
