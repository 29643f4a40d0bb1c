#include "lifecycle/changelog/changelog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "lifecycle/changelog/upstream_notes.h"
#include "lifecycle/support_test.h"

namespace vams::lifecycle {
namespace {

using test::Must;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ReleaseNumber Number(std::string_view text) { return Must(ReleaseNumber::Parse(text)); }

std::set<std::string> IdsOf(const std::vector<AppliedNote>& notes, std::string_view product) {
  std::set<std::string> ids;
  for (const auto& applied : notes)
    if (applied.note->product == product) ids.emplace(applied.note->id);
  return ids;
}

TEST(ReleaseNumber, IsReadWithAndWithoutPatch) {
  EXPECT_EQ(Number("2.4.1"), (ReleaseNumber{2, 4, 1}));
  EXPECT_EQ(Number("v2.4.1"), (ReleaseNumber{2, 4, 1}));
  EXPECT_EQ(Number("2.4").ToString(), "2.4");
  for (const char* wrong : {"", "2", "2.", "2.4.", "2.4.1.0", "2.x", "2.400", "two"})
    EXPECT_FALSE(ReleaseNumber::Parse(wrong).ok()) << wrong;
}

// A line as the beginning is behind it, as the end with all of it.
TEST(Changelog, GivesTheReleasesInBetween) {
  const auto ids = IdsOf(Must(Changelog(Number("2.3"), Number("2.4"), nullptr)), "upstream");

  for (const auto& id : ids) EXPECT_THAT(id, ::testing::StartsWith("2.4."));
  EXPECT_TRUE(ids.contains("2.4.0/data"));
  EXPECT_TRUE(ids.contains("2.4.1/fixes"));
  EXPECT_THAT(IdsOf(Must(Changelog(Number("2.5"), Number("2.5"), nullptr)), "upstream"), IsEmpty());
  EXPECT_TRUE(IdsOf(Must(Changelog(Number("2.3.0"), Number("2.3.2"), nullptr)), "upstream")
                  .contains("2.3.1/cli"));
  EXPECT_EQ(Changelog(Number("2.5"), Number("2.4"), nullptr).error().code, Code::kInvalid);
}

TEST(Changelog, GivesTheReasonWhyANoteIsAboutAStack) {
  StackFacts facts;
  facts.data_version = {2, 3};
  facts.usage.tables["MetadataStorageTable"] = {42, 4200};
  facts.usage.tables["AuthEntitiesTable"] = {3, 300};

  const auto notes = Must(Changelog(Number("2.3"), Number("2.5"), &facts));

  const auto ids = IdsOf(notes, "upstream");
  EXPECT_TRUE(ids.contains("2.4.0/data"));
  EXPECT_TRUE(ids.contains("2.4.0/typed-values"));
  EXPECT_TRUE(ids.contains("2.4.0/constraint-meaning"));
  EXPECT_TRUE(ids.contains("2.5.0/data"));
  EXPECT_FALSE(ids.contains("2.5.0/shared-ids")) << "there are no versions";
  EXPECT_FALSE(ids.contains("2.4.1/fixes"));
  for (const auto& applied : notes) {
    EXPECT_THAT(applied.reason, Not(IsEmpty())) << applied.note->id;
    if (applied.note->id == "2.4.0/typed-values") {
      EXPECT_THAT(applied.reason, HasSubstr("42 rows of metadata"));
    }
  }
}

TEST(Changelog, SaysNothingOfDataThatIsThereAlready) {
  StackFacts facts;
  facts.data_version = tables::kNewest;

  const auto ids = IdsOf(Must(Changelog(Number("2.0"), Number("2.5"), &facts)), "upstream");

  for (const auto& id : ids) EXPECT_THAT(id, Not(::testing::EndsWith("/data")));
}

TEST(Changelog, HasEveryReleaseInOrderAndEveryIdOnce) {
  std::set<std::string_view> ids;
  std::set<std::string> releases;
  ReleaseNumber last;
  for (const auto& note : internal::UpstreamNotes()) {
    EXPECT_TRUE(ids.insert(note.id).second) << note.id;
    EXPECT_GE(note.release, last) << note.id;
    last = note.release;
    releases.insert(note.release.ToString());
    EXPECT_THAT(std::string(note.id), ::testing::StartsWith(note.release.ToString() + "/"));
    EXPECT_FALSE(note.text.empty());
  }
  EXPECT_THAT(releases, ::testing::ElementsAre("2.0.0", "2.1.0", "2.1.1", "2.2.0", "2.3.0", "2.3.1",
                                               "2.3.2", "2.4.0", "2.4.1", "2.5.0", "2.5.1"));
}

// ---- Our own

TEST(OwnNotes, AreTheFragmentsOfThisSource) {
  const auto notes = internal::OwnNotes();

  std::set<std::string_view> slugs;
  for (const auto& note : notes) {
    slugs.insert(note.id);
    EXPECT_FALSE(note.text.empty()) << note.id;
    EXPECT_THAT(std::string(note.text), Not(HasSubstr("---"))) << note.id;
  }
  EXPECT_TRUE(slugs.contains("backup"));
  EXPECT_FALSE(slugs.contains("README"));
  EXPECT_EQ(IdsOf(Must(Changelog(Number("2.4"), Number("2.5"), nullptr)), "vams").size(),
            notes.size());
  EXPECT_THAT(IdsOf(Must(Changelog(Number("2.3"), Number("2.4"), nullptr)), "vams"), IsEmpty());
}

TEST(OwnNotes, ReadWhatAFragmentSays) {
  const auto plain =
      internal::NoteFrom("x", "---\nkind: added\ndata: none\nbreaking: no\n---\nOne can do x.\n");
  const auto breaking = internal::NoteFrom(
      "y", "---\nkind: changed\ndata: 2.4 -> 2.5\nbreaking: Stop y before.\n---\nY is new.\n");

  ASSERT_TRUE(plain && breaking);
  EXPECT_EQ(plain->kind, NoteKind::kChange);
  EXPECT_EQ(plain->text, "One can do x.");
  EXPECT_EQ(breaking->kind, NoteKind::kBreaking);
  EXPECT_EQ(breaking->action, "Stop y before.");
  EXPECT_NE(breaking->applies, nullptr);
  for (const char* wrong :
       {"", "no front matter", "---\nkind: added\nnever closed\n", "---\nkind: added\n---\n\n"})
    EXPECT_FALSE(internal::NoteFrom("z", wrong)) << wrong;
}

}  // namespace
}  // namespace vams::lifecycle
