#include "catalog/tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/contention.h"
#include "catalog/asset_support_test.h"
#include "catalog/assets.h"
#include "catalog/tag_records.h"

namespace vams::catalog::test {
namespace {

using items::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

model::Tag Dock(const std::string& name = "Dock A", const std::string& type = "Zone") {
  return {.name = name, .description = "North quay", .type = type};
}
model::TagType Zone(bool required = false, const std::string& name = "Zone") {
  return {.name = name, .description = "Yard zone", .required = required};
}

Caller MayTags(std::vector<std::string> actions = kEveryAction) {
  return CallerWith(
      {UserRule("tags", "tag", Where("tagName", "contains", ".*"), actions),
       UserRule("types", "tagType", Where("tagTypeName", "contains", ".*"), std::move(actions))});
}

class TagsTest : public ::testing::Test {
 protected:
  Status Create(const std::vector<model::Tag>& made) { return tags.Create(bench.op, caller, made); }
  Status CreateTypes(const std::vector<model::TagType>& made) {
    return tags.CreateTypes(bench.op, caller, made);
  }
  // "Dock A: North quay (Zone)", with "[R]" behind a required type.
  std::vector<std::string> Listed(Caller& by) {
    std::vector<std::string> texts;
    for (const ListedTag& one : Must(tags.List(bench.op, by)))
      texts.push_back(one.tag.name + ": " + one.tag.description + " (" + one.tag.type + ")" +
                      (one.type_required ? "[R]" : ""));
    return texts;
  }
  std::vector<std::string> Listed() { return Listed(caller); }
  std::vector<std::string> TypeNames(Caller& by) {
    std::vector<std::string> names;
    for (const ListedTagType& one : Must(tags.ListTypes(bench.op, by)))
      names.push_back(one.type.name);
    return names;
  }

  AssetBench bench;
  Tags tags{bench.stores()};
  Caller caller = MayTags();
};

// ---- Records and lists.

TEST_F(TagsTest, RecordsHaveTheFormOfTheDataModel) {
  Must(CreateTypes({Zone(true)}));
  Must(Create({Dock()}));

  EXPECT_THAT(bench.Rows(kTagTypesTable),
              ElementsAre(items::Item{{"description", Value::S("Yard zone")},
                                      {"required", Value::S("True")},
                                      {"tagTypeName", Value::S("Zone")}}));
  EXPECT_THAT(bench.Rows(kTagsTable),
              ElementsAre(items::Item{{"description", Value::S("North quay")},
                                      {"tagName", Value::S("Dock A")},
                                      {"tagTypeName", Value::S("Zone")}}));
}

TEST_F(TagsTest, ListsAreByNameAndLeaveOutWhatTheCallerMayNotSee) {
  Must(CreateTypes({Zone(true), Zone(false, "Area")}));
  Must(Create({Dock("b"), Dock("a", "Area"), Dock("c")}));
  Caller some =
      CallerWith({UserRule("b", "tag", Where("tagName", "is_one_of", "b"), {"GET"}),
                  UserRule("z", "tagType", Where("tagTypeName", "equals", "Zone"), {"GET"})});
  Caller nobody = Nobody();

  EXPECT_THAT(Listed(), ElementsAre("a: North quay (Area)", "b: North quay (Zone)[R]",
                                    "c: North quay (Zone)[R]"));
  EXPECT_THAT(TypeNames(caller), ElementsAre("Area", "Zone"));
  // All tags of the type, those too that the caller may not see.
  const auto types = Must(tags.ListTypes(bench.op, some));
  ASSERT_EQ(types.size(), 1U);
  EXPECT_THAT(types.front().tags, ElementsAre("b", "c"));
  EXPECT_THAT(Listed(nobody), IsEmpty());
  EXPECT_THAT(TypeNames(nobody), IsEmpty());
  EXPECT_EQ(nobody.denials().size(), 5U);
}

TEST_F(TagsTest, RecordsOfOtherReleasesAreRead) {
  bench.PutItem(kTagTypesTable, {{"tagTypeName", Value::S("Bare")}});
  bench.PutItem(kTagTypesTable, {{"object__type", Value::S("tagType")},
                                 {"required", Value::S("true")},
                                 {"tagTypeName", Value::S("Stray")}});
  bench.PutItem(kTagsTable, {{"tagName", Value::S("bare")}, {"tagTypeName", Value::S("Gone")}});

  EXPECT_THAT(Listed(), ElementsAre("bare:  (Gone)"));
  const auto types = Must(tags.ListTypes(bench.op, caller));
  ASSERT_EQ(types.size(), 2U);
  // Only the text "True" makes a type required.
  EXPECT_FALSE(types[0].type.required || types[1].type.required);

  // What is written leaves the attributes that it does not know.
  Must(tags.UpdateTypes(bench.op, caller, std::vector{Zone(true, "Stray")}));
  const auto stored = Must(bench.items().Get(bench.op, kTagTypesTable, TagTypeKey("Stray")));
  EXPECT_EQ(stored.Text("object__type"), "tagType");
  EXPECT_EQ(stored.Text("required"), "True");
}

// ---- Refusals.

TEST_F(TagsTest, RefusalsOfTagsComeInTheirOrder) {
  Caller nobody = Nobody();
  const std::vector made{Dock()};
  // Whether it is there is not told to whoever may not write it.
  EXPECT_EQ(Failure(tags.Create(bench.op, nobody, made)), Fails(Code::kDenied, "Not Authorized"));
  EXPECT_EQ(Failure(tags.Update(bench.op, nobody, made)), Fails(Code::kDenied, "Not Authorized"));
  EXPECT_THAT(Failure(Create(made)), Pair(Code::kInvalid, HasSubstr("Tag type Zone not found")));
  EXPECT_EQ(Failure(tags.Update(bench.op, caller, made)),
            Fails(Code::kNotFound, "Tag Dock A not found"));
  EXPECT_EQ(Failure(tags.Delete(bench.op, nobody, "Dock A")),
            Fails(Code::kNotFound, "Tag Dock A not found"));

  Must(CreateTypes({Zone()}));
  Must(Create(made));
  EXPECT_EQ(Failure(Create({Dock("Dock A", "None")})),
            Fails(Code::kConflict, "Tag Dock A already exists"));
  EXPECT_THAT(Failure(tags.Update(bench.op, caller, std::vector{Dock("Dock A", "None")})),
              Pair(Code::kInvalid, HasSubstr("Tag type None not found")));
  EXPECT_EQ(Failure(tags.Delete(bench.op, nobody, "Dock A")),
            Fails(Code::kDenied, "Not Authorized"));
  EXPECT_THAT(Listed(), ElementsAre("Dock A: North quay (Zone)"));
}

TEST_F(TagsTest, RefusalsOfTypesComeInTheirOrder) {
  Caller nobody = Nobody();
  const std::vector made{Zone()};
  EXPECT_EQ(Failure(tags.CreateTypes(bench.op, nobody, made)).first, Code::kDenied);
  EXPECT_EQ(Failure(tags.UpdateTypes(bench.op, nobody, made)),
            Fails(Code::kNotFound, "Tag type Zone not found"));
  EXPECT_EQ(Failure(tags.DeleteType(bench.op, nobody, "Zone")),
            Fails(Code::kNotFound, "Tag type Zone not found"));
  Must(CreateTypes(made));
  Must(Create({Dock()}));
  EXPECT_EQ(Failure(tags.CreateTypes(bench.op, nobody, made)),
            Fails(Code::kConflict, "Tag type Zone already exists"));
  EXPECT_EQ(Failure(tags.UpdateTypes(bench.op, nobody, made)).first, Code::kDenied);
  EXPECT_THAT(Failure(tags.DeleteType(bench.op, nobody, "Zone")),
              Pair(Code::kConflict, HasSubstr("currently in use")));
  Must(tags.Delete(bench.op, caller, "Dock A"));
  EXPECT_EQ(Failure(tags.DeleteType(bench.op, nobody, "Zone")).first, Code::kDenied);
  Must(tags.DeleteType(bench.op, caller, "Zone"));
  EXPECT_THAT(bench.Rows(kTagTypesTable), IsEmpty());
}

TEST_F(TagsTest, EachActionNeedsItsOwnRight) {
  Must(CreateTypes({Zone()}));
  Must(Create({Dock()}));
  const auto allowed = [&](const std::string& action) {
    Caller by = MayTags({action});
    std::set<std::string> done;
    if (tags.CreateTypes(bench.op, by, std::vector{Zone(false, "T" + action)}).ok())
      done.insert("POST type");
    if (tags.UpdateTypes(bench.op, by, std::vector{Zone()}).ok()) done.insert("PUT type");
    if (tags.Create(bench.op, by, std::vector{Dock("t" + action)}).ok()) done.insert("POST tag");
    if (tags.Update(bench.op, by, std::vector{Dock()}).ok()) done.insert("PUT tag");
    if (action == "DELETE" && tags.Delete(bench.op, by, "Dock A").ok()) done.insert("DELETE tag");
    return done;
  };
  EXPECT_THAT(allowed("GET"), IsEmpty());
  EXPECT_THAT(allowed("POST"), ElementsAre("POST tag", "POST type"));
  EXPECT_THAT(allowed("PUT"), ElementsAre("PUT tag", "PUT type"));
  EXPECT_THAT(allowed("DELETE"), ElementsAre("DELETE tag"));
}

// ---- Lists of one request.

TEST_F(TagsTest, AListTakesEffectAsAWhole) {
  Must(CreateTypes({Zone(), Zone(false, "Area")}));
  Must(Create({Dock("a"), Dock("b")}));
  const Dump before = bench.Everything();

  EXPECT_EQ(Failure(Create({Dock("c"), Dock("a"), Dock("d")})),
            Fails(Code::kConflict, "Tag a already exists"));
  EXPECT_EQ(Failure(Create({Dock("c"), Dock("c")})),
            Fails(Code::kConflict, "Tag c already exists"));
  EXPECT_THAT(Failure(Create({Dock("c"), Dock("d", "None")})).second, HasSubstr("None not found"));
  EXPECT_EQ(Failure(tags.Update(bench.op, caller, std::vector{Dock("a", "Area"), Dock("x")})),
            Fails(Code::kNotFound, "Tag x not found"));
  EXPECT_EQ(Failure(CreateTypes({Zone(false, "New"), Zone()})),
            Fails(Code::kConflict, "Tag type Zone already exists"));
  EXPECT_EQ(Failure(tags.UpdateTypes(bench.op, caller, std::vector{Zone(true), Zone(true, "X")})),
            Fails(Code::kNotFound, "Tag type X not found"));
  Caller some = CallerWith({UserRule("e", "tag", Where("tagName", "equals", "e"), {"POST"})});
  EXPECT_EQ(Failure(tags.Create(bench.op, some, std::vector{Dock("e"), Dock("f")})).first,
            Code::kDenied);
  EXPECT_EQ(bench.Everything(), before);

  // Of two changes of one the last counts, as if they came behind each other.
  model::Tag last = Dock("a", "Area");
  last.description = "South quay";
  Must(tags.Update(bench.op, caller, std::vector{Dock("a"), Dock("b", "Area"), last}));
  EXPECT_THAT(Listed(), ElementsAre("a: South quay (Area)", "b: North quay (Area)"));
}

// ---- Others at the same time.

// Each of these acts between what the call reads and what it commits.
TEST_F(TagsTest, ATypeThatGetsATagMeanwhileStays) {
  Must(CreateTypes({Zone()}));
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] { Must(Create({Dock()})); });

  EXPECT_THAT(Failure(Tags(view.stores).DeleteType(bench.op, caller, "Zone")),
              Pair(Code::kConflict, HasSubstr("currently in use")));
  EXPECT_EQ(bench.Rows(kTagTypesTable).size(), 1U);
}

TEST_F(TagsTest, ATypeThatATagMovesToMeanwhileStays) {
  Must(CreateTypes({Zone(), Zone(false, "Area")}));
  Must(Create({Dock()}));
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  hooked.before = Once(
      "Commit", [&] { Must(tags.Update(bench.op, caller, std::vector{Dock("Dock A", "Area")})); });

  EXPECT_THAT(Failure(Tags(view.stores).DeleteType(bench.op, caller, "Area")).second,
              HasSubstr("currently in use"));
}

TEST_F(TagsTest, ATagOfATypeThatVanishesMeanwhileIsNotMade) {
  Must(CreateTypes({Zone(), Zone(false, "Area")}));
  Must(Create({Dock("b")}));
  for (const bool create : {true, false}) {
    HookedStore hooked(bench.items(), true);
    const auto view = bench.Through(hooked);
    Tags through(view.stores);
    hooked.before = Once("Commit", [&] { Must(tags.DeleteType(bench.op, caller, "Area")); });

    const auto done = create ? through.Create(bench.op, caller, std::vector{Dock("a", "Area")})
                             : through.Update(bench.op, caller, std::vector{Dock("b", "Area")});

    EXPECT_THAT(Failure(done).second, HasSubstr("Tag type Area not found"));
    EXPECT_THAT(Listed(), ElementsAre("b: North quay (Zone)"));
    Must(CreateTypes({Zone(false, "Area")}));
  }
}

TEST_F(TagsTest, OneNameIsMadeOnce) {
  Must(CreateTypes({Zone()}));
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  model::Tag other = Dock();
  other.description = "Of somebody else";
  hooked.before = Once("Commit", [&] { Must(Create({other})); });
  EXPECT_EQ(Failure(Tags(view.stores).Create(bench.op, caller, std::vector{Dock()})),
            Fails(Code::kConflict, "Tag Dock A already exists"));
  EXPECT_THAT(Listed(), ElementsAre("Dock A: Of somebody else (Zone)"));

  hooked.before = Once("Commit", [&] { Must(CreateTypes({Zone(true, "Area")})); });
  EXPECT_EQ(
      Failure(Tags(view.stores).CreateTypes(bench.op, caller, std::vector{Zone(false, "Area")})),
      Fails(Code::kConflict, "Tag type Area already exists"));
  EXPECT_TRUE(Must(tags.ListTypes(bench.op, caller)).front().type.required);
}

TEST_F(TagsTest, WhatVanishesMeanwhileIsNotChanged) {
  Must(CreateTypes({Zone(), Zone(false, "Area")}));
  Must(Create({Dock()}));
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] { Must(tags.Delete(bench.op, caller, "Dock A")); });
  EXPECT_EQ(Failure(Tags(view.stores).Update(bench.op, caller, std::vector{Dock()})),
            Fails(Code::kNotFound, "Tag Dock A not found"));
  hooked.before = Once("Commit", [&] { Must(tags.DeleteType(bench.op, caller, "Area")); });
  EXPECT_EQ(
      Failure(Tags(view.stores).UpdateTypes(bench.op, caller, std::vector{Zone(true, "Area")})),
      Fails(Code::kNotFound, "Tag type Area not found"));
  EXPECT_THAT(Listed(), IsEmpty());
  EXPECT_THAT(TypeNames(caller), ElementsAre("Zone"));
}

TEST_F(TagsTest, OthersWhoAreAlwaysFasterEndIt) {
  Must(CreateTypes({Zone()}));
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  int made = 0;
  hooked.before = [&](std::string_view call) {
    if (call == "Commit") {
      Must(Create({Dock("t" + std::to_string(made))}));
      Must(tags.Delete(bench.op, caller, "t" + std::to_string(made++)));
    }
    return Ok();
  };
  EXPECT_EQ(Failure(Tags(view.stores).DeleteType(bench.op, caller, "Zone")).first,
            Code::kUnavailable);
  EXPECT_EQ(made, Contention::kAttempts);
}

TEST_F(TagsTest, NoTagIsEverLeftWithoutItsType) {
  std::atomic<bool> go = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      OpContext op;
      Caller by = MayTags();
      const std::string name = "tag" + std::to_string(t % 2);
      while (!go) std::this_thread::yield();
      for (int i = 0; i < 100; ++i) {
        if (t < 2) {
          (void)tags.Create(op, by, std::vector{Dock(name)});
          (void)tags.Delete(op, by, name);
        } else {
          (void)tags.CreateTypes(op, by, std::vector{Zone()});
          (void)tags.DeleteType(op, by, "Zone");
        }
      }
    });
  go = true;
  for (auto& thread : threads) thread.join();

  const bool type = !bench.Rows(kTagTypesTable).empty();
  EXPECT_TRUE(type || bench.Rows(kTagsTable).empty());
}

TEST(TagFaults, AnInterruptedListLeavesAllOrNothing) {
  ExpectAllOrNothing(
      [](AssetBench& bench) {
        Caller caller = MayTags();
        Must(Tags(bench.stores()).CreateTypes(bench.op, caller, std::vector{Zone()}));
      },
      [](AssetBench& bench, const Stores& stores) {
        Caller caller = MayTags();
        (void)Tags(stores).Create(bench.op, caller, std::vector{Dock("a"), Dock("b")});
      },
      [](AssetBench& bench) {
        std::vector<std::string> names;
        for (const auto& tag : Must(AllTags(bench.op, bench.items()))) names.push_back(tag.name);
        return names;
      });
}

}  // namespace
}  // namespace vams::catalog::test
