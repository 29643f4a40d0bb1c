#include "search/xapian/guard.h"

#include <fmt/format.h>
#include <xapian.h>

#include <string>

namespace vams::search::xapian {

Error Corrupt(std::string_view details) {
  return {Code::kCorrupt,
          "the search index is damaged or incomplete; nothing but the index is affected, build it "
          "anew with `vams reindex`",
          std::string(details)};
}

Error ErrorOfException(std::string_view doing, bool* stale) {
  if (stale) *stale = false;
  try {
    throw;
  } catch (const Xapian::DatabaseModifiedError& e) {
    if (stale) *stale = true;
    return {Code::kUnavailable,
            fmt::format("{} was overtaken by changes of the search index; repeat it", doing),
            e.get_description()};
  } catch (const Xapian::DatabaseLockError& e) {
    return {Code::kConflict, "the search index is in use by another process; stop that one first",
            e.get_description()};
  } catch (const Xapian::DatabaseCorruptError& e) {
    return Corrupt(e.get_description());
  } catch (const Xapian::DatabaseVersionError& e) {
    return Corrupt(e.get_description());
  } catch (const Xapian::DatabaseOpeningError& e) {  // and DatabaseNotFoundError
    return Corrupt(e.get_description());
  } catch (const Xapian::DocNotFoundError& e) {
    return Corrupt(e.get_description());
  } catch (const Xapian::Error& e) {
    return {Code::kUnavailable,
            fmt::format("{} failed at the files of the search index, which is as it was before; "
                        "look whether there is room on the disk",
                        doing),
            e.get_description()};
  }
}

}  // namespace vams::search::xapian
