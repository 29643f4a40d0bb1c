// Errors are values below the HTTP boundary: Result<T> and Status, with one small Error type.
// For every module.  Thread rule: plain values.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace vams {

// What went wrong, as far as any caller acts differently on it.
enum class Code : std::uint8_t {
  kNotFound,         // the thing named does not exist
  kConflict,         // a precondition did not hold, or the thing exists already
  kInvalid,          // the request or the input is malformed
  kUnauthenticated,  // no or bad credentials
  kDenied,           // known caller, no right
  kTooLarge,         // past a documented limit
  kNotSupported,     // this engine or release cannot do it
  kTimeout,          // the deadline passed
  kUnavailable,      // cannot now, may later
  kCancelled,        // the caller gave up
  kCorrupt,          // stored data contradicts itself
  kInternal,         // a failure that names no better code
};

std::string_view CodeName(Code code);

// `message` is safe for the client and names cause, consequence and next step; `details` go to
// the log.  `index` is the element of a batch that failed, or -1.
struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::string details;
  bool retryable = false;
  int index = -1;

  Error() = default;
  Error(Code c, std::string m)
      : code(c), message(std::move(m)), retryable(c == Code::kUnavailable) {}
  Error(Code c, std::string m, std::string d) : Error(c, std::move(m)) { details = std::move(d); }

  // The same error with "<context>: " in front of its message.
  Error With(std::string_view context) && {
    message.insert(0, ": ");
    message.insert(0, context);
    return std::move(*this);
  }
  Error At(int element) && {
    index = element;
    return std::move(*this);
  }
};

template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using Base = std::expected<T, Error>;
  using Base::Base;
  Result(Error e) : Base(std::unexpect, std::move(e)) {}  // NOLINT: implicit by design

  bool ok() const { return this->has_value(); }
};

template <>
class [[nodiscard]] Result<void> : public std::expected<void, Error> {
 public:
  using Base = std::expected<void, Error>;
  using Base::Base;
  Result(Error e) : Base(std::unexpect, std::move(e)) {}  // NOLINT: implicit by design

  bool ok() const { return this->has_value(); }
};

using Status = Result<void>;

inline Status Ok() { return {}; }

namespace internal {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace internal

}  // namespace vams

#define VAMS_CONCAT_(a, b) a##b
#define VAMS_CONCAT(a, b) VAMS_CONCAT_(a, b)

// TRY(auto x, expr): declares x from expr's value, or returns expr's error.
#define TRY(decl, ...) TRY_IMPL_(VAMS_CONCAT(try_result_, __COUNTER__), decl, __VA_ARGS__)
#define TRY_IMPL_(tmp, decl, ...)    \
  auto tmp = (__VA_ARGS__);          \
  if (!tmp.has_value()) [[unlikely]] \
    return std::move(tmp).error();   \
  decl = *std::move(tmp)

// TRY_OK(expr): returns expr's error, if any.
#define TRY_OK(...) TRY_OK_IMPL_(VAMS_CONCAT(try_status_, __COUNTER__), __VA_ARGS__)
#define TRY_OK_IMPL_(tmp, ...)                                   \
  do {                                                           \
    if (auto tmp = (__VA_ARGS__); !tmp.has_value()) [[unlikely]] \
      return std::move(tmp).error();                             \
  } while (false)

// Programmer errors only, in every build; corrupt data is Code::kCorrupt, never a check.
#define VAMS_CHECK(condition)                                      \
  do {                                                             \
    if (!(condition)) [[unlikely]]                                 \
      vams::internal::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
