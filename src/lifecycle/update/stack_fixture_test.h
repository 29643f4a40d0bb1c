// A stack in a folder of its own with everything that an update and a rollback need, where servers
// and their API are fakes.  One thread; blocks on disk.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "lifecycle/import.h"
#include "lifecycle/support_test.h"
#include "lifecycle/update/fake_service_test.h"
#include "testing/fixtures.h"

namespace vams::lifecycle::test {

class StackFixture : public ::testing::Test {
 protected:
  explicit StackFixture(std::string name) : name_(std::move(name)) {
    setting_.config_of = [](const Stack& stack) -> Result<StackConfig> {
      StackConfig config;
      config.backup_folder = BackupsOf(stack);
      return config;
    };
    setting_.serve = [this](const StackRegistry&,
                            const Stack& stack) -> Result<std::unique_ptr<TemporaryServer>> {
      OnServe(stack);
      if (serve_fails_) return Error(Code::kUnavailable, "the port is busy");
      return std::unique_ptr<TemporaryServer>(std::make_unique<FakeServer>());
    };
  }

  // A temporary server is asked for.
  virtual void OnServe(const Stack&) {}

  static std::string BackupsOf(const Stack& stack) {
    return (stack.folder.parent_path().parent_path() / "backups").string();
  }

  // The fixtures of data version 2.4, with the rows that a newer release has seeded already.
  void ImportOlder(std::optional<std::string> config = {}) {
    const auto found = vams::testing::FixtureFolder();
    ASSERT_TRUE(found.has_value()) << "no fixtures; set VAMS_FIXTURES to their folder";
    ImportRequest request;
    request.stack = name_;
    request.config = std::move(config);
    request.from = {*found / "dynamodb" / "v2.4", *found / "dynamodb" / "seed" / "v2.5"};
    request.data_version = tables::DataVersion::Parse("2.4").value();
    OpContext op;
    (void)Must(lifecycle::Import(registry_, request, clock_, op, [](auto, auto) {}));
  }

  Stack Now() { return Must(registry_.Get(name_)); }

  const std::string name_;
  files::TempFolder home_ = MakeTemp();
  FixedClock clock_;
  StackRegistry registry_{home_.path(), clock_};
  OpContext op_;
  FakeService service_;
  bool serve_fails_ = false;
  UpdateSetting setting_{.registry = registry_,
                         .clock = clock_,
                         .random = SystemRandom(),
                         .op = op_,
                         .transport = service_,
                         .release = "test",
                         .config_of = {},
                         .serve = {},
                         .on_step = {},
                         .on_progress = {}};
};

}  // namespace vams::lifecycle::test
