// Speed of the permission engine: docs/performance.md, "Permissions".  `make bench` runs it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <vector>

#include "access/policy.h"

namespace vams::access {
namespace {

// 1,000 stored constraints, the first `mine` of which belong to five roles of the caller.  They are
// what templates make: one database each, some paths, a few real expressions.
std::vector<Constraint> Stored(int mine) {
  std::vector<Constraint> all;
  for (int i = 0; i < 1'000; ++i) {
    Constraint constraint;
    constraint.id = fmt::format("constraint-{}", i);
    constraint.name = constraint.id;
    const std::string database = fmt::format("plant-{}", i);
    const auto criterion = [](std::string field, std::string op, std::string value) {
      return Criterion{
          .field = std::move(field), .op = std::move(op), .values = {std::move(value)}, .id = {}};
    };
    if (i % 5 == 4) {
      constraint.object_type = "api";
      constraint.criteria_or = {criterion("route__path", "starts_with", "/database/" + database),
                                criterion("route__path", "contains", "archiveAsset")};
    } else {
      constraint.object_type = "asset";
      constraint.criteria_and = {criterion("databaseId", "equals", database)};
      if (i % 5 == 2)
        constraint.criteria_and.push_back(criterion("assetName", "starts_with", "[A-Z]+-\\d+"));
      if (i % 5 == 3) constraint.criteria_and.push_back(criterion("tags", "is_one_of", "locked"));
    }
    const std::string role = i < mine ? fmt::format("role-{}", i % 5) : fmt::format("other-{}", i);
    for (const char* action : {"GET", "PUT", "POST"}) {
      constraint.groups.push_back(
          {.who = role, .action = action, .type = i % 5 == 3 ? "deny" : "allow", .id = {}});
    }
    all.push_back(std::move(constraint));
  }
  return all;
}

const std::vector<std::string>& Roles() {
  static const std::vector<std::string> roles = {"role-0", "role-1", "role-2", "role-3", "role-4"};
  return roles;
}

Object Asset(int database) {
  return Object(ObjectType::kAsset)
      .Set(Field::kDatabaseId, fmt::format("plant-{}", database))
      .Set(Field::kAssetName, "Pump house 7, upper level")
      .Set(Field::kAssetType, ".glb")
      .SetTags({"released", "steel"});
}

// The argument is how many of the constraints apply; all of them are looked at for a refusal.
void BM_DecideAsset(benchmark::State& state) {
  const auto mine = static_cast<int>(state.range(0));
  const Policy policy = Policy::Compile("lee", Roles(), Stored(mine));
  const Object refused = Asset(2'000);
  for (auto _ : state) benchmark::DoNotOptimize(policy.Decide(refused, Action::kGet));
}
BENCHMARK(BM_DecideAsset)->Arg(10)->Arg(100);

void BM_DecideApi(benchmark::State& state) {
  const auto mine = static_cast<int>(state.range(0));
  const Policy policy = Policy::Compile("lee", Roles(), Stored(mine));
  for (auto _ : state)
    benchmark::DoNotOptimize(
        policy.DecideApi("/database/other/assets/pump-7/listFiles", Action::kGet));
}
BENCHMARK(BM_DecideApi)->Arg(10)->Arg(100);

// Every constraint is an expression that PCRE2 has to run.
void BM_DecideExpressions(benchmark::State& state) {
  auto constraints = Stored(100);
  for (Constraint& constraint : constraints) {
    constraint.object_type = "asset";
    constraint.criteria_or.clear();
    constraint.criteria_and = {
        {.field = "assetName", .op = "contains", .values = {"(valve|flange)-\\d+"}, .id = {}}};
  }
  const Policy policy = Policy::Compile("lee", Roles(), constraints);
  const Object refused = Asset(2'000);
  for (auto _ : state) benchmark::DoNotOptimize(policy.Decide(refused, Action::kGet));
}
BENCHMARK(BM_DecideExpressions);

void BM_Compile(benchmark::State& state) {
  const auto constraints = Stored(static_cast<int>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(Policy::Compile("lee", Roles(), constraints).lines().size());
}
BENCHMARK(BM_Compile)->Arg(10)->Arg(100)->Unit(benchmark::kMicrosecond);

// What a pattern costs that runs into the step limit.
void BM_RunawayPattern(benchmark::State& state) {
  Constraint constraint;
  constraint.id = "slow";
  constraint.object_type = "asset";
  constraint.criteria_and = {
      {.field = "assetName", .op = "equals", .values = {"(a|aa)+[bc]"}, .id = {}}};
  constraint.users = {{.who = "lee", .action = "GET", .type = "allow", .id = {}}};
  const Policy policy = Policy::Compile("lee", {}, {&constraint, 1});
  const Object object = Object(ObjectType::kAsset).Set(Field::kAssetName, std::string(200, 'a'));
  for (auto _ : state) benchmark::DoNotOptimize(policy.Decide(object, Action::kGet));
}
BENCHMARK(BM_RunawayPattern)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vams::access
