#include "catalog/seed.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "access/defaults.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "catalog/constraint_records.h"
#include "catalog/default_schemas.h"
#include "catalog/metadata_schema_records.h"
#include "catalog/permissions.h"
#include "catalog/records.h"
#include "catalog/seed_history.h"
#include "items/codec.h"
#include "tables/system_tables.h"

namespace vams::catalog {

using items::Item;
using items::Value;
using items::Write;

namespace {

constexpr std::string_view kAuthor = "SYSTEM";
constexpr std::string_view kInternal = "INTERNAL_SYSTEM";

using Items = std::vector<Item>;  // of one role, constraint or schema, by key

// A default role, constraint or schema as this release has it.
struct Default {
  std::string table;
  std::string key;
  Items items;
  const access::Constraint* constraint = nullptr;
};

// What sys.seeds remembers of a default.
struct Memory {
  std::string digest;   // of the records as they were untouched; empty: they are not ours
  std::string offered;  // of the default that was then the release's
};

std::string DigestOf(const Items& items) {
  std::string bytes;
  for (Item item : items) {
    for (const std::string_view date : {"createdOn", "dateCreated", "dateModified"})
      item.Remove(date);
    items::AppendItem(bytes, item);
  }
  return HexEncode(Sha256(bytes));
}

Item RoleItem(const access::DefaultRole& role, const std::string& now) {
  return {{"roleName", Value::S(std::string(role.name))},
          {"id", Value::S(std::string(role.id))},
          {"description", Value::S(std::string(role.description))},
          {"source", Value::S(std::string(kInternal))},
          {"createdOn", Value::S(now)},
          {"mfaRequired", Value::Bool(false)}};
}

Item PairItem(std::string_view user, const std::string& now) {
  Item item = UserRoleKey(user, access::kAdminRole);
  item.Set("createdOn", Value::S(now));
  item.Set("object__type", Value::S("userRole"));
  return item;
}

Item ProfileItem(std::string_view user, std::string_view email, const std::string& now) {
  return {{"userId", Value::S(std::string(user))},
          {"email", Value::S(std::string(email))},
          {"createdOn", Value::S(now)}};
}

std::vector<Default> DefaultsOf(const SeedOptions& options, const std::string& now) {
  std::vector<Default> defaults;
  for (const access::DefaultRole& role : access::DefaultRoles())
    defaults.push_back({kRolesTable, std::string(role.name), {RoleItem(role, now)}, nullptr});
  const Authorship authorship{now, std::string(kAuthor), now, std::string(kAuthor)};
  for (const access::Constraint& constraint : access::DefaultConstraints())
    defaults.push_back({kConstraintsTable, constraint.id,
                        ConstraintItems(constraint, authorship, access::Ids::kKeep), &constraint});
  for (Item& schema : DefaultSchemas(options.schemas, kAuthor, now)) {
    std::string id(schema.Text("metadataSchemaId"));
    defaults.push_back({kSchemasTable, std::move(id), {std::move(schema)}, nullptr});
  }
  return defaults;
}

Item MemoryKey(const Default& wanted) {
  return {{"key", Value::S(wanted.key)}, {"table", Value::S(wanted.table)}};
}

// Whether a role says what the default says.  Older data has no mfaRequired.
bool SameRole(const Item& a, const Item& b) {
  return a.Text("description") == b.Text("description") && a.Text("source") == b.Text("source") &&
         UsableWithoutMfa(a) == UsableWithoutMfa(b);
}

// The same for schemas, however their fields are written.
bool SameSchema(const Item& a, const Item& b) {
  const auto x = SchemaOf(a);
  const auto y = SchemaOf(b);
  return x && y && x->name == y->name && x->file_types == y->file_types && x->fields == y->fields &&
         x->enabled == y->enabled;
}

// The attribute that tells the records of one default from each other.
std::string_view KeyNameIn(const std::string& table) {
  if (table == kConstraintsTable) return "constraintId";
  return table == kSchemasTable ? "metadataSchemaId" : "roleName";
}

// One run of the seeding: looks at everything, then writes in one commit.
class Seeding {
 public:
  Seeding(OpContext& op, items::ItemStore& store, const SeedOptions& options, std::string now)
      : op_(op), store_(store), options_(options), now_(std::move(now)) {}

  Result<SeedReport> Run() {
    TRY_OK(store_.CreateTables(op_, tables::SystemTables()));
    TRY_OK(ReadStored());
    TRY_OK(ReadMemories());
    report_.first = stored_.empty();
    const std::vector<Default> defaults = DefaultsOf(options_, now_);
    TRY_OK(ReadStoredSchemas(defaults));
    for (const Default& wanted : defaults) Decide(wanted);
    if (report_.first) TRY_OK(PlanUsers());
    if (!writes_.empty()) {
      if (constraints_change_) writes_.push_back(RaiseRevision());
      TRY_OK(store_.Commit(op_, writes_));
    }
    return std::move(report_);
  }

 private:
  using Place = std::pair<std::string, std::string>;  // table and key (a constraint's base id)

  Status ReadStored() {
    TRY_OK(ForEachItem(op_, store_, kRolesTable, [&](Item item) {
      Items& place = stored_[{kRolesTable, std::string(item.Text("roleName"))}];
      place.push_back(std::move(item));
    }));
    TRY_OK(ForEachItem(op_, store_, kConstraintsTable, [&](Item item) {
      std::string base(BaseIdOf(item.Text("constraintId")));
      stored_[{kConstraintsTable, std::move(base)}].push_back(std::move(item));
    }));
    for (auto& [place, items] : stored_)
      std::ranges::sort(items, {}, [](const Item& item) { return item.Text("constraintId"); });
    return Ok();
  }

  // Those that are in the place of a default; there may be very many others.
  Status ReadStoredSchemas(const std::vector<Default>& defaults) {
    for (const Default& wanted : defaults) {
      if (wanted.table != kSchemasTable) continue;
      const Item key = SchemaKeyOf(wanted.items.front());
      TRY(auto found, store_.BatchGet(op_, kSchemasTable, std::span(&key, 1)));
      if (found.front()) stored_[{wanted.table, wanted.key}] = {*std::move(found.front())};
    }
    return Ok();
  }

  Status ReadMemories() {
    for (const std::string& table : {kRolesTable, kConstraintsTable, kSchemasTable})
      TRY_OK(
          ForEachOfPartition(op_, store_, tables::kSeedsTable, table, [&](const Item& remembered) {
            if (!remembered.Has("offered")) return;  // the revision of the constraints
            memories_[{table, std::string(remembered.Text("key"))}] = {
                std::string(remembered.Text("digest")), std::string(remembered.Text("offered"))};
          }));
    return Ok();
  }

  void Decide(const Default& wanted) {
    const std::string digest = DigestOf(wanted.items);
    const auto there = stored_.find({wanted.table, wanted.key});
    const auto memory = memories_.find({wanted.table, wanted.key});
    const bool remembered = memory != memories_.end();
    if (there == stored_.end()) {
      if (report_.first || (!remembered && !memories_.empty())) {
        Put(wanted, {}, report_.added);
        Remember(wanted, {digest, digest});
      } else if (!remembered) {
        Remember(wanted, {"", digest});
      }
      return;
    }
    const std::string now_there = DigestOf(there->second);
    if (now_there == digest) {
      Remember(wanted, {digest, digest});
    } else if (remembered && memory->second.digest == now_there) {
      if (memory->second.offered == digest) return;
      Replace(wanted, there->second, digest);
    } else if (remembered) {
      report_.kept.push_back(NameOf(wanted));
    } else {
      DecideUnknown(wanted, there->second, now_there, digest);
    }
  }

  // There is a record of which nobody knows where it comes from.
  void DecideUnknown(const Default& wanted, const Items& there, const std::string& now_there,
                     const std::string& digest) {
    if (wanted.constraint == nullptr) {
      const bool same = wanted.table == kSchemasTable
                            ? SameSchema(there.front(), wanted.items.front())
                            : SameRole(there.front(), wanted.items.front());
      Remember(wanted, {same ? now_there : "", digest});
      if (!same) report_.kept.push_back(NameOf(wanted));
      return;
    }
    const std::vector<StoredConstraint> read = ReadConstraintItems(there);
    const StoredConstraint& stored = read.front();
    const std::string meaning = MeaningOf(stored.shown);
    const auto earlier = EarlierMeanings(wanted.key);
    const bool plain = stored.warnings.empty() && stored.shown.name == wanted.constraint->name;
    if (plain && meaning == MeaningOf(*wanted.constraint)) {
      Remember(wanted, {now_there, digest});
    } else if (plain && std::ranges::find(earlier, meaning) != earlier.end()) {
      Replace(wanted, there, digest);
    } else {
      Remember(wanted, {"", digest});
      report_.kept.push_back(NameOf(wanted));
    }
  }

  static std::string NameOf(const Default& wanted) { return wanted.table + " " + wanted.key; }

  void Replace(const Default& wanted, const Items& there, const std::string& digest) {
    Put(wanted, there, report_.replaced);
    Remember(wanted, {digest, digest});
  }

  void Put(const Default& wanted, const Items& there, std::vector<std::string>& told) {
    const std::string_view key_name = KeyNameIn(wanted.table);
    for (const Item& item : wanted.items) writes_.push_back(Write::Put(wanted.table, item));
    for (const Item& old : there) {
      const std::string_view key = old.Text(key_name);
      const bool stays = std::ranges::any_of(
          wanted.items, [&](const Item& item) { return item.Text(key_name) == key; });
      if (!stays)
        writes_.push_back(
            Write::Delete(wanted.table, {{std::string(key_name), Value::S(std::string(key))}}));
    }
    constraints_change_ = constraints_change_ || wanted.table == kConstraintsTable;
    told.push_back(NameOf(wanted));
  }

  void Remember(const Default& wanted, const Memory& memory) {
    const auto known = memories_.find({wanted.table, wanted.key});
    if (known != memories_.end() && known->second.digest == memory.digest &&
        known->second.offered == memory.offered)
      return;
    Item item = MemoryKey(wanted);
    if (!memory.digest.empty()) item.Set("digest", Value::S(memory.digest));
    item.Set("offered", Value::S(memory.offered));
    if (!options_.release.empty()) item.Set("release", Value::S(options_.release));
    writes_.push_back(Write::Put(std::string(tables::kSeedsTable), std::move(item)));
  }

  // The product's own principal and the administrator, where they are not there yet.
  Status PlanUsers() {
    std::vector<std::pair<std::string_view, std::string_view>> users = {
        {access::kSystemUser, access::kSystemUserEmail}};
    if (options_.admin_user != access::kSystemUser)
      users.emplace_back(options_.admin_user, options_.admin_email);
    for (const auto& [user, email] : users) {
      TRY_OK(PlanUnlessThere(kUserRolesTable, UserRoleKey(user, access::kAdminRole),
                             PairItem(user, now_)));
      TRY_OK(PlanUnlessThere(kProfilesTable, {{"userId", Value::S(std::string(user))}},
                             ProfileItem(user, email, now_)));
    }
    return Ok();
  }

  Status PlanUnlessThere(const std::string& table, const Item& key, Item item) {
    TRY(const auto found, store_.BatchGet(op_, table, std::span(&key, 1)));
    if (!found.front()) writes_.push_back(Write::Put(table, std::move(item)));
    return Ok();
  }

  OpContext& op_;
  items::ItemStore& store_;
  const SeedOptions& options_;
  const std::string now_;
  std::map<Place, Items> stored_;
  std::map<Place, Memory> memories_;
  std::vector<Write> writes_;
  bool constraints_change_ = false;
  SeedReport report_;
};

}  // namespace

Result<SeedReport> SeedDefaults(OpContext& op, items::ItemStore& store, const SeedOptions& options,
                                const Clock& clock) {
  return Seeding(op, store, options, IsoMillis(clock.NowMillis())).Run();
}

Status RestoreAdministrator(OpContext& op, items::ItemStore& store, std::string_view user,
                            const Clock& clock, Random& random) {
  const std::string now = IsoMillis(clock.NowMillis());
  for (const access::DefaultRole& role : access::DefaultRoles()) {
    if (role.name != access::kAdminRole) continue;
    const std::vector<Write> writes = {Write::Put(std::string(kRolesTable), RoleItem(role, now))};
    TRY_OK(store.Commit(op, writes));
  }
  Permissions permissions(store, clock, random);
  std::vector<access::Constraint> constraints;
  for (const access::Constraint& constraint : access::DefaultConstraints())
    if (constraint.groups.front().who == access::kAdminRole) constraints.push_back(constraint);
  TRY_OK(permissions.PutConstraints(op, constraints, kAuthor));
  TRY(const auto roles, permissions.RolesOf(op, user));
  if (std::ranges::find(roles, access::kAdminRole) != roles.end()) return Ok();
  return permissions.GiveRole(op, user, access::kAdminRole);
}

}  // namespace vams::catalog
