// What the tests of A/B deployments share: two stacks of one home, and somebody who writes to one
// of them.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "items/sqlite/sqlite_store.h"
#include "lifecycle/ab/follower.h"
#include "lifecycle/ab/stack_source.h"
#include "lifecycle/ab/state.h"
#include "lifecycle/support_test.h"
#include "objects/blob_store.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::ab::test {

using items::Item;
using items::Value;
using items::Write;
using lifecycle::test::MakeTemp;
using lifecycle::test::Must;

inline State StandbyOf(const std::string& other, const files::Path& home) {
  return {.role = Role::kStandby,
          .epoch = 1,
          .deployment = "d-1",
          .peer = {.stack = other, .home = home},
          .data_name = other};
}

// A stack that is written to, as its server does.
class Side {
 public:
  Side(const StackRegistry& registry, const std::string& name)
      : stack(registry.Exists(name) ? Must(registry.Get(name))
                                    : Must(registry.Create(name, std::nullopt))),
        store(Must(items::OpenSqliteStore(stack.current.items()))),
        blobs(Must(objects::OpenBlobs(stack.blobs(), {}))) {}

  // A tag, put or deleted, or an object version with a content of its own.
  void WriteAtRandom(std::mt19937_64& random) {
    OpContext op;
    const std::uint64_t kind = random() % 10;
    const std::string id = fmt::format("{:03}", random() % 300);
    if (kind < 6) {
      const Write put[] = {
          Write::Put("TagStorageTable",
                     Item{{"tagName", Value::S(id)},
                          {"description", Value::S(std::string(random() % 200, 'x'))}}),
          Write::Put("TagTypeStorageTable",
                     Item{{"tagTypeName", Value::S(id)},
                          {"n", Value::N(static_cast<int>(random() % 99))}})};
      Must(store->Commit(op, put));
    } else if (kind < 8) {
      const Write erase[] = {Write::Delete("TagStorageTable", Item{{"tagName", Value::S(id)}})};
      Must(store->Commit(op, erase));
    } else {
      WriteObject(random);
    }
  }

  void WriteObject(std::mt19937_64& random) {
    OpContext op;
    std::string bytes(1 + random() % 100'000, '\0');
    for (std::size_t i = 0; i < bytes.size(); i += 97) bytes[i] = static_cast<char>(random());
    const auto info = Must(blobs->AddBytes(bytes));
    const std::string key = fmt::format("k{}", random() % 50);
    const Write put[] = {
        Write::Put(std::string(tables::kObjectVersionsTable),
                   Item{{"object", Value::S("bucket/" + key)},
                        {"sequence", Value::N(static_cast<std::int64_t>(random() % 1000 + 1))},
                        {"bucket", Value::S("bucket")},
                        {"key", Value::S(key)},
                        {"versionId", Value::S("v")},
                        {"isDeleteMarker", Value::Bool(false)},
                        {"state", Value::S("present")},
                        {"sha256", Value::S(info.sha256)},
                        {"size", Value::N(static_cast<std::int64_t>(info.size))}})};
    Must(store->Commit(op, put));
  }

  Stack stack;
  std::unique_ptr<items::ItemStore> store;
  std::unique_ptr<objects::BlobStore> blobs;
};

}  // namespace vams::lifecycle::ab::test
