// What `vams config check` says: every field with its status and line, and every broken rule.
// Plain data with two renderings; neither shows a value that could be a secret.
//
// Thread rule: plain values; no I/O.  Spec: config.md.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/json_text.h"

namespace vams::config {

enum class FieldStatus : std::uint8_t {
  kUsed,       // set, and it steers this stack
  kNew,        // not set: the default counts
  kNoMeaning,  // set and accepted, but nothing here depends on it
  kUnknown,    // a warning
  kInvalid,    // an error
};

std::string_view StatusName(FieldStatus status);

struct FieldReport {
  std::string path;
  FieldStatus status = FieldStatus::kUsed;
  Location at;         // in the file; line 0 if the file does not have the field
  std::string origin;  // "file", "--set", "environment NAME" or "default": whose value counts
  // New: the default.  No meaning: why.  Unknown: what was probably meant, or empty.
  // Invalid: what was expected.  Used: a remark, or empty.
  std::string note;

  bool operator==(const FieldReport&) const = default;
};

enum class Severity : std::uint8_t { kNotice, kWarning, kError };

std::string_view SeverityName(Severity severity);

struct Violation {
  std::string rule;  // a stable short name, for scripts
  Severity severity = Severity::kError;
  std::string path;  // the field to change; empty when no single field is at fault
  Location at;
  std::string message;

  bool operator==(const Violation&) const = default;
};

struct CheckReport {
  std::string file;  // as it was named; empty: no file
  // The whole text could not be read (syntax, duplicated key); then there is nothing else.
  std::string unreadable;
  std::vector<FieldReport> fields;
  std::vector<Violation> violations;

  int errors() const;
  int warnings() const;
  bool ok() const { return errors() == 0; }
};

// Problems first, then used, new and meaningless fields, in aligned columns; ends in a newline.
std::string RenderText(const CheckReport& report);

// {"file", "ok", "errors", "warnings", "fields": [...], "problems": [...]}
boost::json::object ReportJson(const CheckReport& report);

// The errors alone, one a line: for the message of a failed Load.
std::string ErrorLines(const CheckReport& report);

}  // namespace vams::config
