// Random operations on the local engine and on the memory engine, which is the model: answers,
// listings, histories and contents have to be the same.  Only the ids differ, so they are compared
// by when they were given.
#include <map>
#include <random>

#include "objects/local/local_backend_test.h"
#include "objects/memory/memory_store.h"
#include "objects/store_conformance.h"

namespace vams::objects::conformance {
namespace {

using test::Must;

class StandingClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return 1'700'000'000'000; }
};

// One of the two stores, with the ids it gave.
struct Side {
  ObjectStore* store = nullptr;
  std::vector<std::string> versions;  // by the order in which they were made
  std::vector<std::string> uploads;

  // Ids as numbers, so that the sides can be compared.
  std::string Plain(const std::string& id) const {
    for (std::size_t i = 0; i < versions.size(); ++i)
      if (versions[i] == id) return std::to_string(i);
    return "unknown " + id;
  }
};

std::string Show(const Side& side, const VersionInfo& info) {
  std::string text =
      fmt::format("{} v{}{}{} {} {} [{}", Describe(info.object), side.Plain(info.version_id),
                  info.is_latest ? " latest" : "", info.is_delete_marker ? " marker" : "",
                  info.size, info.etag, info.metadata.content_type);
  for (const auto& [name, value] : info.metadata.user) text += fmt::format(" {}={}", name, value);
  return text + "]";
}

class Player {
 public:
  explicit Player(unsigned seed) : random_(seed) {}

  // Makes one step on both sides and returns what each said.
  std::pair<std::string, std::string> Step(Side& model, Side& local) {
    const auto object = Object(), other = Object();
    const std::string bytes(Number(40), static_cast<char>('a' + Number(3)));
    const ObjectMetadata metadata{Number(2) == 0 ? "text/plain" : "", {{"n", bytes.substr(0, 1)}}};
    const auto version = model.versions.empty() ? 0 : Number(model.versions.size());
    const auto upload = model.uploads.empty() ? 0 : Number(model.uploads.size());
    const auto part = static_cast<std::uint32_t>(1 + Number(3));
    const auto condition = Condition(bytes);
    const bool named = Number(2) == 0 && !model.versions.empty();
    const auto kind = Number(10);
    const auto last = static_cast<std::uint32_t>(1 + Number(3));
    const auto play = [&](Side& side) -> std::string {
      ObjectStore& store = *side.store;
      switch (kind) {
        case 0:
        case 1:
          return Made(side, store.PutBytes(op_, object, bytes, metadata, condition));
        case 2: {
          CopyChange copy{object, {}, other, {}, condition};
          if (named) copy.version_id = side.versions[version];
          if (part == 1) copy.metadata = metadata;
          return Made(side, store.Copy(op_, copy));
        }
        case 3: {
          const auto marker = store.Delete(op_, object);
          if (!marker.ok() || !*marker) return marker.ok() ? "nothing" : Failed(marker.error());
          return Made(side, Result<VersionInfo>(**marker));
        }
        case 4:
          if (side.versions.empty()) return "";
          return Said(store.DeleteVersion(op_, object, side.versions[version]));
        case 5: {
          const auto id = store.CreateUpload(op_, object, metadata);
          if (id.ok()) side.uploads.push_back(*id);
          return Said(id);
        }
        case 6:
          if (side.uploads.empty()) return "";
          return Said(store.PutPart(op_, side.uploads[upload], part, SourceOf(bytes), {}));
        case 7: {
          if (side.uploads.empty()) return "";
          std::vector<PartEtag> parts;
          const auto page = store.ListParts(op_, side.uploads[upload], "", 1000);
          if (!page.ok()) return Failed(page.error());
          for (const auto& each : page->parts)
            if (each.number <= last) parts.push_back({each.number, each.etag});
          return Made(side, store.CompleteUpload(op_, side.uploads[upload], parts, condition));
        }
        case 8:
          if (side.uploads.empty() || part != 1) return "";
          return Said(store.AbortUpload(op_, side.uploads[upload]));
        default:
          return Together(side, object, other, bytes, metadata, condition);
      }
    };
    auto expected = play(model);
    return {std::move(expected), play(local)};
  }

  // All there is, read through pages of a random size.
  std::pair<std::string, std::string> Look(Side& model, Side& local) {
    ListRequest list;
    list.bucket = "plant";
    list.prefix = Number(3) == 0 ? "a" : "";
    list.delimiter = Number(2) == 0 ? "/" : "";
    list.limit = 1 + Number(5);
    ListVersionsRequest versions;
    versions.bucket = "plant";
    versions.limit = 1 + Number(5);
    const auto look = [&](Side& side) {
      std::string text;
      const auto page = ListAll(op_, *side.store, list);
      for (const auto& info : page.objects) text += Show(side, info) + "\n";
      for (const auto& prefix : page.common_prefixes) text += prefix + "\n";
      for (const auto& info : AllVersions(op_, *side.store, versions)) {
        text += Show(side, info);
        if (!info.is_delete_marker)
          text += " " + ContentOf(op_, *side.store, info.object, info.version_id);
        text += "\n";
      }
      return text;
    };
    auto expected = look(model);
    return {std::move(expected), look(local)};
  }

  std::size_t Number(std::size_t below) { return random_() % below; }

 private:
  ObjectId Object() {
    static const std::vector<std::string> keys = {"a/b", "a/b/c", "a/d", "ab", "b", "c/d", "c"};
    return {"plant", keys[Number(keys.size())]};
  }
  PutCondition Condition(const std::string& bytes) {
    const auto kind = Number(6);
    if (kind == 0) return PutCondition::Absent();
    if (kind == 1) return PutCondition::EtagIs(test::Md5Hex(bytes));
    return {};
  }
  static std::string Failed(const Error& error) {
    return fmt::format("{} at {}", CodeName(error.code), error.index);
  }
  template <typename T>
  static std::string Said(const Result<T>& result) {
    return result.ok() ? "ok" : Failed(result.error());
  }
  static std::string Made(Side& side, const Result<VersionInfo>& made) {
    if (!made.ok()) return Failed(made.error());
    if (side.Plain(made->version_id).starts_with("unknown"))
      side.versions.push_back(made->version_id);
    return Show(side, *made);
  }
  // Several changes at once, among them removals of what they made or found.
  std::string Together(Side& side, const ObjectId& object, const ObjectId& other,
                       const std::string& bytes, const ObjectMetadata& metadata,
                       const PutCondition& condition) {
    const auto staged = Must(side.store->Stage(op_, SourceOf(bytes), {}));
    ObjectChanges changes;
    changes.Add(PutChange{object, staged, metadata, {}})
        .Add(CopyChange{object, {}, other, {}, condition});
    if (!side.versions.empty())
      changes.Add(DeleteVersionChange{object, side.versions.back()})
          .Add(DeleteVersionChange{other, side.versions[side.versions.size() / 2]});
    changes.Add(DeleteChange{object});
    const auto made = side.store->Commit(op_, changes);
    if (!made.ok()) return Failed(made.error());
    std::string text;
    for (const auto& info : *made)
      text += info ? Made(side, Result<VersionInfo>(*info)) + "; " : "nothing; ";
    return text;
  }

  OpContext op_;
  std::mt19937 random_;
};

TEST(ObjectStoreModel, LocalDoesWhatMemoryDoes) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const StandingClock clock;
    const auto temp = test::MakeTemp();
    const auto memory =
        CreateMemoryObjectStore({.min_part_bytes = 5, .clock = &clock, .random = nullptr});
    LocalBackend backend(temp.path(), items::MemoryStore::Create(),
                         {.min_part_bytes = 5, .clock = &clock, .random = nullptr});
    Side model{memory.get(), {}, {}};
    Side local{&backend.store(), {}, {}};
    Player player(seed);
    for (int step = 0; step < 200; ++step) {
      SCOPED_TRACE(fmt::format("step {}", step));
      const auto [expected, said] = player.Step(model, local);
      ASSERT_EQ(said, expected);
      if (step % 10 != 9) continue;
      const auto [there, seen] = player.Look(model, local);
      ASSERT_EQ(seen, there);
    }
    EXPECT_GT(model.versions.size(), 50u) << "the sequence must get somewhere";
  }
}

}  // namespace
}  // namespace vams::objects::conformance
