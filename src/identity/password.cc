#include "identity/password.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/encoding.h"

namespace vams::identity {

namespace {

constexpr std::size_t kMinPasswordCharacters = 8;
constexpr std::size_t kTemporaryCharacters = 16;
// Cancelling does not wake whoever waits for a place, so the wait looks up this often.
constexpr std::chrono::milliseconds kLookUp{20};

HashWork Usable(HashWork work) {
  VAMS_CHECK(sodium_init() >= 0);
  work.operations = std::clamp<std::uint64_t>(work.operations, crypto_pwhash_OPSLIMIT_MIN,
                                              crypto_pwhash_OPSLIMIT_MAX);
  work.memory_bytes = std::clamp<std::size_t>(work.memory_bytes, crypto_pwhash_MEMLIMIT_MIN,
                                              crypto_pwhash_MEMLIMIT_MAX);
  work.parallel_hashes = std::max<std::size_t>(work.parallel_hashes, 1);
  return work;
}

// Well formed with the hasher's work, salt and digest all zero bits.
std::string DummyHash(const HashWork& work) {
  return fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", work.memory_bytes / 1024,
                     work.operations, std::string(22, 'A'), std::string(43, 'A'));
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool IsSymbol(char c) { return !IsLower(c) && !IsUpper(c) && !IsDigit(c) && !IsControl(c); }
bool ContainsIgnoringCase(std::string_view text, std::string_view part) {
  return !part.empty() && !std::ranges::search(text, part, {}, LowerChar, LowerChar).empty();
}

std::size_t Characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

// Frees the place at the end of the scope.
class PasswordHasher::Place {
 public:
  explicit Place(PasswordHasher& hasher) : hasher_(hasher) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { hasher_.Leave(); }

 private:
  PasswordHasher& hasher_;
};

PasswordHasher::PasswordHasher(const HashWork& work)
    : work_(Usable(work)), dummy_(DummyHash(work_)) {}

Status PasswordHasher::Take(OpContext& op) {
  std::unique_lock lock(mutex_);
  while (true) {
    TRY_OK(op.Check());
    if (busy_ < work_.parallel_hashes) {
      ++busy_;
      return Ok();
    }
    free_.wait_for(lock, kLookUp);
  }
}

void PasswordHasher::Leave() {
  {
    const std::scoped_lock lock(mutex_);
    --busy_;
  }
  free_.notify_one();
}

Result<std::string> PasswordHasher::Hash(OpContext& op, std::string_view password) {
  TRY_OK(Take(op));
  const Place place(*this);
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), work_.operations,
                            work_.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Error(Code::kUnavailable,
                 "there is not enough memory to hash the password, so nothing was changed; try "
                 "again, or lower the work of password hashes");
  return std::string(out.data());
}

Result<bool> PasswordHasher::Matches(OpContext& op, std::string_view password,
                                     const std::string& stored) {
  TRY_OK(Take(op));
  const Place place(*this);
  if (crypto_pwhash_str_needs_rehash(stored.c_str(), work_.operations, work_.memory_bytes) < 0)
    return Error(Code::kCorrupt,
                 "the stored password hash cannot be read, so nobody can log in with it; reset the "
                 "password");
  errno = 0;
  if (crypto_pwhash_str_verify(stored.c_str(), password.data(), password.size()) == 0) return true;
  if (errno == ENOMEM)
    return Error(Code::kUnavailable,
                 "there is not enough memory to check the password; try again later");
  return false;
}

bool PasswordHasher::NeedsRehash(const std::string& stored) const {
  return crypto_pwhash_str_needs_rehash(stored.c_str(), work_.operations, work_.memory_bytes) == 1;
}

Status CheckPasswordPolicy(std::string_view user, std::string_view password) {
  std::vector<std::string> missing;
  if (!IsUtf8(password) || std::ranges::any_of(password, IsControl))
    missing.emplace_back("be text without control characters");
  if (password.size() > kMaxPasswordBytes)
    missing.push_back(fmt::format("have at most {} bytes", kMaxPasswordBytes));
  if (Characters(password) < kMinPasswordCharacters)
    missing.push_back(fmt::format("have at least {} characters", kMinPasswordCharacters));
  if (std::ranges::none_of(password, IsLower)) missing.emplace_back("have a lower-case letter");
  if (std::ranges::none_of(password, IsUpper)) missing.emplace_back("have an upper-case letter");
  if (std::ranges::none_of(password, IsDigit)) missing.emplace_back("have a digit");
  if (std::ranges::none_of(password, IsSymbol)) missing.emplace_back("have a symbol");
  if (ContainsIgnoringCase(password, user)) missing.emplace_back("not contain the user id");
  if (missing.empty()) return Ok();
  return Error(Code::kInvalid, fmt::format("the password is not accepted: it must {}; choose "
                                           "another one",
                                           fmt::join(missing, ", ")));
}

std::string MakeTemporaryPassword(std::string_view user, Random& random) {
  // Without the letters and digits that are mistaken for one another.
  constexpr std::string_view kLower = "abcdefghijkmnpqrstuvwxyz";
  constexpr std::string_view kUpper = "ABCDEFGHJKLMNPQRSTUVWXYZ";
  constexpr std::string_view kDigits = "23456789";
  constexpr std::string_view kSymbols = "!#$%*+-=?@_";
  const std::string all = fmt::format("{}{}{}{}", kLower, kUpper, kDigits, kSymbols);
  // Drawn until all four kinds are there and the user's id is not, so that no place in the text
  // favours a kind.
  while (true) {
    std::string password;
    while (password.size() < kTemporaryCharacters) {
      unsigned char byte = 0;
      random.Fill(&byte, 1);
      // Bytes past the last whole multiple would favour the first characters.
      if (byte < 256 / all.size() * all.size()) password.push_back(all[byte % all.size()]);
    }
    if (CheckPasswordPolicy(user, password).ok()) return password;
    sodium_memzero(password.data(), password.size());
  }
}

}  // namespace vams::identity
