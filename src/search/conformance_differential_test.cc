#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <map>
#include <sstream>
#include <utility>

#include "base/hash.h"
#include "search/conformance.h"
#include "search/differential.h"
#include "search/memory/memory_index.h"

namespace vams::search {
namespace differential {
namespace {

// Words that hold each other, differ in a letter or in case, or are made of separators.
constexpr std::array kWords = {"pump",   "Pumps",  "pumping",  "impump",    "valve",     "valves",
                               "val",    "red",    "infrared", "RED",       "green",     "x1",
                               "1",      "a",      "a_b",      "model.glb", "file1.glb", "pump-01",
                               "Émile",  "émilie", "車輪",     "輪",        "C++",       "50%",
                               "3.5",    "007",    "water",    "steel",     "steels",    "Стол",
                               "o'ring", "v1.2.3", "_",        "true"};
constexpr std::array kKeys = {"maker", "size", "weight", "ok", "a.b", "Maker"};
constexpr std::array kTags = {"red", "Red", "tag one", "x", "long-tag", "車輪"};

class RandomFilter final : public AccessFilter {
 public:
  explicit RandomFilter(std::uint32_t seed) : seed_(seed) {}
  std::string cache_key() const override { return "random" + std::to_string(seed_); }
  Verdict Decide(const AccessClass& access) const override {
    switch (Draw(access, "") % 5) {
      case 0:
      case 1:
        return Verdict::kAllow;
      case 2:
        return Verdict::kByName;
      default:
        return Verdict::kDeny;
    }
  }
  bool DecideName(const AccessClass& access, std::string_view name) const override {
    return Draw(access, name) % 2 == 0;
  }

 private:
  std::uint64_t Draw(const AccessClass& access, std::string_view name) const {
    std::string text = std::to_string(seed_) + access.database + "|" + access.asset_type + "|";
    for (const std::string& tag : access.tags) text += tag + ",";
    return StableHash(text + std::string(name));
  }

  std::uint32_t seed_;
};

void Show(std::ostream& out, const Expression& e) {
  out << "(op" << static_cast<int>(e.op);
  if (!e.fields.empty()) out << " form" << static_cast<int>(e.form);
  for (const FieldRef& field : e.fields) out << ' ' << field.name << '.' << field.key;
  for (const std::string& text : e.texts) out << " '" << text << '\'';
  if (e.low) out << " low " << e.low->number << '/' << e.low->text;
  if (e.high) out << " high " << e.high->number << '/' << e.high->text;
  for (const Expression& part : e.parts) Show(out, part);
  out << ')';
}

bool Near(const boost::json::value& a, const boost::json::value& b) {
  if (!a.is_double() || !b.is_double()) return a == b;
  return std::abs(a.get_double() - b.get_double()) <=
         1e-9 * std::max(1.0, std::abs(b.get_double()));
}

boost::json::array OrderOf(const std::vector<SortKey>& keys, const Hit& hit) {
  boost::json::array order;
  for (const SortKey& key : keys)
    order.push_back(SortValueOf(key, hit.document, hit.score.value_or(0)));
  return order;
}

// What differs between one hit and the model's of the same id.
std::string HitDifference(const Request& request, const Traits& traits, const Hit& hit,
                          const Hit& model) {
  if (Digest(hit.document) != Digest(model.document)) return "another document " + hit.document.id;
  if (hit.score.has_value() != model.score.has_value()) return "a score or none " + hit.document.id;
  if (traits.ranking && hit.score && !Near(*hit.score, *model.score))
    return "score of " + hit.document.id + ": " + std::to_string(*hit.score) + " instead of " +
           std::to_string(*model.score);
  if (hit.highlight != model.highlight) return "highlights of " + hit.document.id;
  if (traits.ranking && hit.explanation != model.explanation)
    return "explanation of " + hit.document.id;
  if (hit.sort.size() != request.sort.size()) return "sort values of " + hit.document.id;
  return {};
}

}  // namespace

std::string Maker::Word() { return kWords[Below(kWords.size())]; }

std::string Maker::Phrase(std::uint32_t most) {
  static constexpr std::array kBetween = {" ", " ", " ", "-", "/", ", ", "_", "."};
  std::string text;
  for (std::uint32_t n = Below(most + 1); n > 0; --n) {
    if (!text.empty()) text += kBetween[Below(kBetween.size())];
    text += Word();
  }
  return text;
}

// Some letters of a word; never half of a character.
std::string Maker::Part(const std::string& word) {
  const auto is_lead = [&](std::size_t i) {
    return i == word.size() || (static_cast<unsigned char>(word[i]) & 0xC0U) != 0x80;
  };
  std::size_t begin = Below(static_cast<std::uint32_t>(word.size()));
  while (!is_lead(begin)) --begin;
  std::size_t end = begin + 1 + Below(static_cast<std::uint32_t>(word.size() - begin));
  while (!is_lead(end)) ++end;
  return word.substr(begin, end - begin);
}

boost::json::object Maker::Flat() {
  boost::json::object flat;
  for (std::uint32_t n = Below(4); n > 0; --n) {
    const std::string key = kKeys[Below(kKeys.size())];
    switch (Below(6)) {
      case 0:
        flat[key] = Below(30);
        break;
      case 1:
        flat[key] = Below(100) / 8.0;
        break;
      case 2:
        flat[key] = Chance(50);
        break;
      case 3:
        flat[key] = boost::json::object{{"b", Word()}};
        break;
      case 4:
        flat[key] = nullptr;
        break;
      default:
        flat[key] = Phrase(3);
        break;
    }
  }
  return flat;
}

Document Maker::NewDocument() {
  const std::string database = "db" + std::to_string(Below(4));
  const std::string asset = "a" + std::to_string(Below(20));
  Document document;
  auto& source = document.source;
  document.kind = Chance(50) ? Kind::kAsset : Kind::kFile;
  document.access = {
      .database = database, .asset_type = Chance(50) ? "folder" : ".glb", .tags = {}};
  source["str_databaseid"] = database;
  source["str_assetid"] = asset;
  document.asset_name = Phrase(3);
  source["str_assetname"] = document.asset_name;
  std::set<std::string> tags;
  for (std::uint32_t n = Below(3); n > 0; --n) tags.insert(kTags[Below(kTags.size())]);
  boost::json::array list;
  for (const std::string& tag : tags) list.emplace_back(tag);
  document.access.tags.assign(tags.begin(), tags.end());
  source["list_tags"] = std::move(list);
  document.archived = Chance(15);
  source["bool_archived"] = document.archived;
  document.id = database + "#" + asset;
  if (document.kind == Kind::kAsset) {
    if (Chance(80)) source["str_assettype"] = document.access.asset_type;
    if (Chance(10)) source["str_assettype"] = nullptr;
    source["str_description"] = Phrase(8);
    if (Chance(50))
      source["date_asset_version_createdate"] = "2024-0" + std::to_string(1 + Below(9));
  } else {
    const std::string path = "/" + std::to_string(Below(2)) + "/" + Word();
    document.id += "#" + path;
    source["str_key"] = path;
    if (Chance(80)) source["str_fileext"] = Chance(50) ? "glb" : "txt";
    if (Chance(80)) source["num_filesize"] = Below(5) * 100;
    if (Chance(80))
      source["date_lastmodified"] = "2024-05-1" + std::to_string(Below(10)) + "T10:00:00+00:00";
    if (Chance(40)) source["AB_"] = Flat();
  }
  if (Chance(70)) source["MD_"] = Flat();
  if (Chance(30)) document.place = AnyBox();
  return document;
}

Box Maker::AnyBox() {
  const auto lat = [&] { return static_cast<double>(Below(181)) - 90; };
  const auto lon = [&] { return static_cast<double>(Below(361)) - 180; };
  const Point corner{.lat = lat(), .lon = lon()};
  if (Chance(50)) return Box::Of(corner);
  return {.south = corner.lat,
          .north = std::min(90.0, corner.lat + Below(60)),
          .west = corner.lon,
          .east = lon()};
}

std::vector<Write> Maker::Writes() {
  std::vector<Write> writes;
  for (std::uint32_t n = 1 + Below(12); n > 0; --n) {
    Document document = NewDocument();
    if (Chance(15))
      writes.push_back(Write::Remove(document.id));
    else
      writes.push_back(Write::Put(std::move(document)));
    if (Chance(5)) writes.push_back(writes[Below(static_cast<std::uint32_t>(writes.size()))]);
  }
  return writes;
}

std::string Maker::QueryText() {
  std::string text;
  for (std::uint32_t n = 1 + Below(3); n > 0; --n) {
    if (!text.empty()) text += ' ';
    std::string word = Word();
    if (!traits_.literal_separators && !IsWordPart(Fold(word))) word = "pump";
    switch (Below(4)) {
      case 0:
        text += Part(word);
        break;
      case 1:
        text += "\"" + Word() + " " + Word() + "\"";
        break;
      default:
        text += word;
        break;
    }
  }
  return text;
}

FieldRef Maker::AnyField() {
  static constexpr std::array kNames = {
      "str_assetname", "str_description", "str_assettype", "list_tags",    "str_key",
      "str_fileext",   "str_databaseid",  "MD_",           "AB_",          "MD_",
      "bool_archived", "num_filesize",    "_id",           "str_not_there"};
  FieldRef ref{.name = kNames[Below(kNames.size())]};
  if (TypeOf(ref.name) == FieldType::kFlat && Chance(70)) {
    ref.key = kKeys[Below(kKeys.size())];
    if (Chance(20)) ref = {.name = ref.name, .key = Chance(50) ? "*a*" : "?aker", .pattern = true};
  }
  return ref;
}

Expression Maker::RangeCondition() {
  Expression range{.op = Expression::Op::kRange};
  const auto end = [&](double number) -> std::optional<Bound> {
    if (Chance(20)) return std::nullopt;
    return Bound{.inclusive = Chance(50), .number = number, .text = Word()};
  };
  switch (Below(4)) {
    case 0:
      range.fields = {{.name = "num_filesize"}};
      range.numeric = true;
      range.low = end(Below(5) * 100.0);
      range.high = end(Below(5) * 100.0);
      break;
    case 1: {
      constexpr double kMay = 1714521600000;  // 2024-05-01
      range.fields = {{.name = "date_lastmodified"}, {.name = "date_asset_version_createdate"}};
      range.numeric = true;
      range.low = end(kMay + Below(30) * 43'200'000.0);
      range.high = end(kMay + Below(30) * 43'200'000.0);
      break;
    }
    case 2:
      range.fields = {{.name = "MD_", .key = Chance(50) ? "weight" : ""}};
      range.numeric = Chance(70);
      range.low = end(Below(30));
      range.high = end(Below(30));
      break;
    default:
      range.fields = {AnyField()};
      if (TypeOf(range.fields[0].name) == FieldType::kNumber) range.numeric = true;
      range.low = end(Below(300));
      range.high = end(Below(300));
      break;
  }
  return range;
}

Expression Maker::Condition() {
  const auto form = [&] { return static_cast<Form>(Below(3)); };
  std::vector<FieldRef> fields = {AnyField()};
  if (Chance(30)) fields.push_back(AnyField());
  switch (Below(12)) {
    case 0:
    case 1:
      return Expression::Equals(std::move(fields), {Word(), Chance(50) ? "folder" : "red", "7"},
                                form());
    case 2:
      return Expression::Phrase(std::move(fields), Phrase(2), Below(3));
    case 3: {
      static constexpr std::array kPatterns = {"*um*", "p?mp", "*.glb", "v*e*", "?*", "*", "re*"};
      return Expression::Pattern(std::move(fields), kPatterns[Below(kPatterns.size())], form());
    }
    case 4:
      return Expression::Contains(std::move(fields), Part(Word()), form());
    case 5:
      return Expression::Pattern(std::move(fields), Part("pumping") + "*", form());
    case 6:
      return Expression::Fuzzy(std::move(fields), Word(), 1 + Below(2));
    case 7:
    case 8:
      return RangeCondition();
    case 9:
      return Expression::Exists(std::move(fields));
    case 10:
      if (Chance(50)) return {.op = Expression::Op::kGeoBox, .box = AnyBox()};
      return {.op = Expression::Op::kGeoDistance,
              .center = {.lat = Below(120) - 60.0, .lon = Below(360) - 180.0},
              .metres = Below(6000) * 1000.0};
    default:
      return Expression::OfKind(Chance(50) ? Kind::kAsset : Kind::kFile);
  }
}

Expression Maker::Tree(int depth) {
  if (depth == 0 || Chance(40)) return Condition();
  std::vector<Expression> parts;
  for (std::uint32_t n = 1 + Below(3); n > 0; --n) parts.push_back(Tree(depth - 1));
  switch (Below(3)) {
    case 0:
      return Expression::And(std::move(parts));
    case 1:
      return Expression::Or(std::move(parts));
    default:
      return Expression::Not(std::move(parts.front()));
  }
}

Question Maker::Ask() {
  static constexpr std::array kSorts = {"_score",       "_id",       "str_assetname",
                                        "num_filesize", "list_tags", "date_lastmodified",
                                        "str_fileext",  "str_key",   "bool_archived"};
  Question question;
  Request& request = question.request;
  request.kinds = static_cast<KindSet>(1 + Below(3));
  if (Chance(60))
    request.text =
        ParseText(QueryText(), Chance(60), Chance(20) ? Stemming::kEnglish : Stemming::kNone);
  if (Chance(20)) request.match = Tree(1);
  if (Chance(60)) request.filter = Tree(3);
  request.include_archived = Chance(30);
  if (traits_.access_filter && Chance(60)) {
    question.access = std::make_unique<RandomFilter>(Below(10));
    request.access = question.access.get();
  }
  for (std::uint32_t n = Below(3); n > 0; --n)
    request.sort.push_back({.field = kSorts[Below(kSorts.size())], .descending = Chance(50)});
  request.from = Chance(30) ? Below(40) : 0;
  request.size = Below(20);
  for (const Field& field : Fields())
    if (field.facet && Chance(40)) request.facets.emplace_back(field.name);
  request.facet_size = Chance(20) ? 2 : 1000;
  request.highlights = Chance(30);
  request.explain = Chance(20);
  std::ostringstream text;
  if (request.text) {
    text << (request.text->metadata ? "text+md " : "text ");
    if (request.text->stemming != Stemming::kNone) text << "stemmed ";
    for (const TextTerm& term : request.text->terms) {
      text << '[' << term.text;
      for (const std::string& word : term.words) text << " '" << word << '\'';
      text << ']';
    }
  }
  text << " match ";
  Show(text, request.match);
  text << " filter ";
  Show(text, request.filter);
  for (const SortKey& key : request.sort)
    text << " sort " << key.field << (key.descending ? '-' : '+');
  text << " kinds " << static_cast<int>(request.kinds) << " archived " << request.include_archived
       << " from " << request.from << " size " << request.size;
  question.text = text.str();
  return question;
}

std::string Difference(const Request& request, Index& engine, Index& model) {
  OpContext op;
  const auto answer = engine.Search(op, request);
  const auto expected = model.Search(op, request);
  if (!answer.ok() || !expected.ok())
    return answer.ok() == expected.ok() ? ""
           : answer.ok()                ? "no error: " + expected.error().message
                                        : "error: " + answer.error().message;
  if (answer->total != expected->total)
    return "total " + std::to_string(answer->total) + " instead of " +
           std::to_string(expected->total);
  if (answer->facets != expected->facets) return "facets";
  if (answer->hits.size() != expected->hits.size())
    return "hits " + std::to_string(answer->hits.size()) + " instead of " +
           std::to_string(expected->hits.size());
  if (answer->next.empty() != expected->next.empty()) return "whether there is a next page";
  // Equal documents come in any order, so a page may hold others than the model's: look them up
  // among all, and compare what they are ordered by place by place.
  Request whole = request;
  whole.from = 0;
  whole.size = kMaxPage;
  const auto all = model.Search(op, whole);
  if (!all.ok()) return "the model failed: " + all.error().message;
  std::map<std::string, const Hit*> by_id;
  for (const Hit& hit : all->hits) by_id[hit.document.id] = &hit;
  const std::vector<SortKey> keys = EffectiveSort(request);
  const bool scored = std::ranges::find(keys, "_score", &SortKey::field) != keys.end();
  std::set<std::string> seen;
  for (std::size_t i = 0; i < answer->hits.size(); ++i) {
    const Hit& hit = answer->hits[i];
    if (!seen.insert(hit.document.id).second) return "twice " + hit.document.id;
    const auto found = by_id.find(hit.document.id);
    if (found == by_id.end()) return "does not match: " + hit.document.id;
    if (std::string text = HitDifference(request, engine.traits(), hit, *found->second);
        !text.empty())
      return text;
    if (scored && !engine.traits().ranking) continue;
    const auto order = OrderOf(keys, hit);
    const auto wanted = OrderOf(keys, expected->hits[i]);
    if (!std::ranges::equal(order, wanted, Near))
      return "order at " + std::to_string(i) + ": " + hit.document.id + " instead of " +
             expected->hits[i].document.id;
  }
  return {};
}

}  // namespace differential

namespace conformance {
namespace {

// The same documents in a generation of their own, some of them from a change that came later.
void Rebuild(Index& index, Index& model, Position position) {
  OpContext op;
  const auto all = Must(model.Search(op, {.include_archived = true, .size = kMaxPage}));
  auto builder = Must(index.StartBuild(op, {.position = position}));
  std::vector<Write> late;
  for (std::size_t part = 0; part < 3; ++part) {
    auto segment = Must(builder->OpenSegment(op, std::to_string(part)));
    for (std::size_t i = part; i < all.hits.size(); i += 3) {
      if (i % 7 == 0)
        late.push_back(Write::Put(all.hits[i].document));
      else
        Must(segment->Add(op, std::span(&all.hits[i].document, 1)));
    }
    Must(segment->Close(op));
  }
  Must(builder->Finish(op));
  Must(builder->Apply(op, late, position));
  Must(builder->Swap(op));
}

}  // namespace

TEST_P(IndexConformance, AgreesWithTheModelOnRandomDocumentsAndRequests) {
  for (const std::uint32_t seed : {11U, 22U, 33U}) {
    std::cout << "seed " << seed << std::endl;
    MemoryIndex model;
    Must(index().Clear(op, KindSet::kBoth));
    differential::Maker make(seed, traits());
    for (int round = 0; round < 10; ++round) {
      for (int batch = 0; batch < 3; ++batch) {
        const std::vector<Write> writes = make.Writes();
        ++position;
        Must(index().Apply(op, writes, position));
        Must(model.Apply(op, writes, position));
      }
      if (round % 4 == 2) Rebuild(index(), model, position);
      if (round == 7 && persists()) Reopen();
      ASSERT_EQ(AllIds(index(), 20), AllIds(model)) << "seed " << seed << " round " << round;
      for (int i = 0; i < 25; ++i) {
        const differential::Question question = make.Ask();
        ASSERT_EQ(differential::Difference(question.request, index(), model), "")
            << "seed " << seed << " round " << round << " question " << i << ": " << question.text;
      }
    }
  }
}

// A comparison that never finds anything would prove nothing: neither may the questions be about
// nothing, nor may an index with one document more, less, or changed pass for the same.
TEST(Differential, NoticesADocumentMoreLessOrChanged) {
  OpContext op;
  differential::Maker make(44, Traits{});
  MemoryIndex model;
  for (int batch = 0; batch < 20; ++batch) Must(model.Apply(op, make.Writes(), 1));
  const auto all = Must(model.Search(op, {.include_archived = true, .size = kMaxPage}));
  ASSERT_GT(all.hits.size(), 20u);
  Document changed = all.hits[3].document;
  changed.source["str_assetname"] = "quite another";
  MemoryIndex more, less, other;
  for (MemoryIndex* index : {&more, &less, &other})
    for (const Hit& hit : all.hits) {
      const std::vector<Write> writes = {Write::Put(hit.document)};
      Must(index->Apply(op, writes, 1));
    }
  Must(more.Apply(op, std::vector{Write::Put(make.NewDocument())}, 1));
  Must(less.Apply(op, std::vector{Write::Remove(changed.id)}, 1));
  Must(other.Apply(op, std::vector{Write::Put(changed)}, 1));

  int noticed[3] = {};
  int with_hits = 0;
  for (int i = 0; i < 200; ++i) {
    const differential::Question question = make.Ask();
    with_hits += Must(model.Search(op, question.request)).total > 0 ? 1 : 0;
    EXPECT_EQ(differential::Difference(question.request, model, model), "");
    int n = 0;
    for (MemoryIndex* index : {&more, &less, &other})
      noticed[n++] += differential::Difference(question.request, *index, model).empty() ? 0 : 1;
  }

  EXPECT_GT(with_hits, 60);
  for (const int count : noticed) EXPECT_GT(count, 10);
}

}  // namespace conformance
}  // namespace vams::search
