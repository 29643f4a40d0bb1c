#include "app/maintenance.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>

#include "base/json.h"

namespace vams::app {

namespace json = boost::json;

namespace {

files::Path FileOf(const lifecycle::Stack& stack) { return stack.folder / "maintenance.json"; }

}  // namespace

std::string MessageOf(const Maintenance& maintenance) {
  return maintenance.message.empty() ? "Maintenance is under way; please try again later"
                                     : maintenance.message;
}

std::optional<Maintenance> ReadMaintenance(const lifecycle::Stack& stack) {
  const auto text = files::ReadAll(FileOf(stack));
  if (!text.ok() && text.error().code == Code::kNotFound) return std::nullopt;
  Maintenance maintenance;
  if (!text.ok()) return maintenance;
  boost::system::error_code failed;
  const json::value value = json::parse(*text, failed);
  if (failed || !value.is_object()) return maintenance;
  maintenance.message = TextOf(value.as_object(), "message");
  maintenance.since = TextOf(value.as_object(), "since");
  maintenance.by = TextOf(value.as_object(), "by");
  return maintenance;
}

Status WriteMaintenance(const lifecycle::Stack& stack, const Maintenance& maintenance) {
  return files::WriteAtomically(FileOf(stack),
                                json::serialize(json::object{{"format", 1},
                                                             {"message", maintenance.message},
                                                             {"since", maintenance.since},
                                                             {"by", maintenance.by}}) +
                                    "\n");
}

Status RemoveMaintenance(const lifecycle::Stack& stack) {
  if (::unlink(FileOf(stack).c_str()) != 0 && errno != ENOENT)
    return files::ErrnoError("remove", FileOf(stack), errno);
  return files::SyncFolder(stack.folder);
}

}  // namespace vams::app
