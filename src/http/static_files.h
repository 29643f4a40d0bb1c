// A fixed set of files answered over HTTP: the web application, embedded in the binary or, for
// development, read from a folder.  For `app`, which calls Find in the fallback of its routes.
//
// Thread-safe after construction.  Find does not block; LoadFolder does.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace vams::http {

// All text is borrowed: it lives as long as the set, as what is embedded in a binary does.
struct StaticFile {
  std::string_view path;        // "/assets/index-BdK3x_9a.js", or without the first slash
  std::string_view bytes;       // the plain form, which every file has
  std::string_view media_type;  // empty: by the name's extension
  std::string_view gzip;        // the same content compressed; empty: none
  std::string_view brotli;
};

class StaticFiles {
 public:
  struct Options {
    // Answers "/" when it is in the set.
    std::string index = "/index.html";
    // Answers a navigation (a GET that accepts text/html) to any path that is not in the set with
    // the index, too: the application in the browser looks at the path itself.
    bool index_for_navigation = false;
  };

  // Two files with one path are a programmer's error.
  StaticFiles(const std::vector<StaticFile>& files, const Options& options);

  // Reads a folder's regular files whole, once; changes show after a restart.  Links and names that
  // begin with a dot are left out, so nothing from outside of it is ever sent.  NAME.gz and NAME.br
  // beside NAME are its compressed forms.  kNotFound without such a folder, kTooLarge past 1 GiB.
  static Result<StaticFiles> LoadFolder(const std::filesystem::path& folder,
                                        const Options& options);

  // The answer to a GET or HEAD of a file of the set: by Accept-Encoding the smallest form the
  // client likes best, with a strong ETag, caching fields, conditions and Range done.  Nothing for
  // other paths and verbs.
  std::optional<Response> Find(const Request& request) const;

  std::size_t size() const { return files_.size(); }

 private:
  struct Form {
    std::string_view coding;  // "identity", "gzip", "br"
    std::string_view bytes;
    std::string etag;
  };
  struct Entry {
    std::string media_type;
    std::string_view cache_control;
    std::vector<Form> forms;  // in the order in which they are preferred; identity is the last
  };

  const Entry* FindEntry(const Request& request, bool& is_fallback) const;
  static const Form& Choose(const Request& request, const Entry& entry);

  Options options_;
  std::map<std::string, Entry, std::less<>> files_;
  std::shared_ptr<const std::vector<std::string>> owned_;  // what LoadFolder read
};

// "text/javascript; charset=utf-8" for ".js"; "application/octet-stream" for what is not known.
std::string_view MediaTypeOf(std::string_view path);

// Whether the name changes with the content ("index-BdK3x_9a.js", as bundlers write it): after the
// last `-` or `.` that leaves eight characters or more before the extension, with a digit or a
// capital among them, so that "service-registration.js" is none.
bool HasContentHash(std::string_view path);

}  // namespace vams::http
