// What a policy costs: for a known caller, for a new one, and after a change, with 1,000 stored
// constraints, 100 of which apply to the caller.  `make bench` runs it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>

#include "catalog/permissions.h"
#include "catalog/records.h"
#include "files/files.h"
#include "items/sqlite/sqlite_store.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::catalog {
namespace {

using items::Value;
using items::Write;

constexpr int kConstraints = 1000;
constexpr int kRoles = 50;
constexpr int kRolesOfCaller = 5;

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

access::Constraint ConstraintNumber(int i) {
  const std::string role = fmt::format("role-{}", i % kRoles);
  access::Constraint constraint;
  constraint.id = fmt::format("constraint-{}", i);
  constraint.name = constraint.id;
  constraint.description = "of a benchmark";
  constraint.object_type = i % 2 == 0 ? "asset" : "api";
  constraint.criteria_and = {{i % 2 == 0 ? "databaseId" : "route__path",
                              "starts_with",
                              {fmt::format("plant-{}", i)},
                              false,
                              {}}};
  for (const char* action : {"GET", "PUT", "POST", "DELETE"})
    constraint.groups.push_back({role, action, "allow", {}});
  return constraint;
}

class Stack {
 public:
  Stack()
      : folder_(Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "bench"))),
        store_(Must(items::OpenSqliteStore(folder_.path() / "items.db"))),
        permissions(*store_, SystemClock(), SystemRandom()) {
    std::vector<items::TableSpec> specs;
    for (const auto& table : tables::TablesOf(tables::kNewest)) specs.push_back(SpecOf(table));
    Must(store_->CreateTables(op, specs));
    Must(store_->CreateTables(op, tables::SystemTables()));
    std::vector<Write> writes;
    for (int i = 0; i < kRoles; ++i)
      writes.push_back(Write::Put(kRolesTable, RoleKey(fmt::format("role-{}", i))));
    for (int user = 0; user < 1000; ++user)
      for (int i = 0; i < kRolesOfCaller; ++i)
        writes.push_back(Write::Put(
            kUserRolesTable,
            UserRoleKey(fmt::format("user-{}@plant.example", user), fmt::format("role-{}", i))));
    Must(store_->Commit(op, writes));
    std::vector<access::Constraint> constraints;
    for (int i = 0; i < kConstraints; ++i) constraints.push_back(ConstraintNumber(i));
    Must(permissions.PutConstraints(op, constraints, "bench"));
  }

 private:
  files::TempFolder folder_;
  std::unique_ptr<items::ItemStore> store_;

 public:
  OpContext op;
  Permissions permissions;
};

Stack& Shared() {
  static Stack stack;
  return stack;
}

void KnownCaller(benchmark::State& state) {
  Stack& stack = Shared();
  const std::string user = fmt::format("user-{}@plant.example", state.thread_index());
  for (auto _ : state) benchmark::DoNotOptimize(stack.permissions.PolicyFor(stack.op, user, false));
}
BENCHMARK(KnownCaller)->ThreadRange(1, 2);

void NewCaller(benchmark::State& state) {
  Stack& stack = Shared();
  stack.permissions.Forget();
  int user = 0;
  std::size_t lines = 0;
  for (auto _ : state) {
    if (user == 1000) {
      state.PauseTiming();
      stack.permissions.Forget();
      (void)Must(stack.permissions.PolicyFor(stack.op, "nobody", false));
      user = 0;
      state.ResumeTiming();
    }
    const auto policy = Must(
        stack.permissions.PolicyFor(stack.op, fmt::format("user-{}@plant.example", user++), false));
    lines = policy->lines().size();
  }
  state.counters["lines"] = static_cast<double>(lines);
}
BENCHMARK(NewCaller)->Unit(benchmark::kMicrosecond);

void AfterAChange(benchmark::State& state) {
  Stack& stack = Shared();
  for (auto _ : state) {
    stack.permissions.Forget();
    benchmark::DoNotOptimize(
        Must(stack.permissions.PolicyFor(stack.op, "user-1@plant.example", false)));
  }
}
BENCHMARK(AfterAChange)->Unit(benchmark::kMillisecond);

void ReplaceAConstraint(benchmark::State& state) {
  Stack& stack = Shared();
  const access::Constraint constraint = ConstraintNumber(7);
  for (auto _ : state)
    Must(stack.permissions.PutConstraints(stack.op, std::span(&constraint, 1), "bench"));
}
BENCHMARK(ReplaceAConstraint)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::catalog
