#include "cli/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cctype>
#include <iostream>
#include <optional>

namespace vams::cli {

namespace {

constexpr std::size_t kLongest = 4096;

// The process's terminal, which takes each key as it comes and shows none of them.  As it was on
// destruction, whatever happens in between: keys that end programs are keys like others.
class QuietTerminal {
 public:
  static std::optional<QuietTerminal> Open() {
    const int fd = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    termios before{};
    if (::tcgetattr(fd, &before) != 0) {
      ::close(fd);
      return std::nullopt;
    }
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    ::tcsetattr(fd, TCSAFLUSH, &quiet);
    return QuietTerminal(fd, before);
  }
  ~QuietTerminal() {
    if (fd_ < 0) return;
    ::tcsetattr(fd_, TCSAFLUSH, &before_);
    ::close(fd_);
  }
  QuietTerminal(QuietTerminal&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), before_(other.before_) {}
  QuietTerminal& operator=(QuietTerminal&&) = delete;

  void Show(const std::string& text) const {
    [[maybe_unused]] const auto written = ::write(fd_, text.data(), text.size());
  }

  // Nothing for Ctrl-C, for Ctrl-D on an empty line and when the terminal has gone.
  std::optional<std::string> ReadLine() const {
    std::string line;
    char key = 0;
    while (::read(fd_, &key, 1) == 1) {
      if (key == '\n' || key == '\r') return line;
      if (key == 3 || (key == 4 && line.empty())) return std::nullopt;
      if (key == 21)  // Ctrl-U
        line.clear();
      else if (key == 8 || key == 127)
        EraseCharacter(line);
      else if (line.size() < kLongest)
        line += key;
    }
    return std::nullopt;
  }

 private:
  QuietTerminal(int fd, const termios& before) : fd_(fd), before_(before) {}

  // The last character of UTF-8 text may have several bytes.
  static void EraseCharacter(std::string& line) {
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80)
      line.pop_back();
    if (!line.empty()) line.pop_back();
  }

  int fd_;
  termios before_;
};

}  // namespace

std::string Joined(const boost::json::array& texts) {
  std::string joined;
  for (const auto& text : texts)
    if (text.is_string()) {
      if (!joined.empty()) joined += ", ";
      joined += Printable(text.get_string());
    }
  return joined;
}

std::string Printable(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters too.
    const bool high =
        c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c < 0x20 || c == 0x7F || high)
      shown += fmt::format("\\x{:02x}", high ? static_cast<unsigned char>(text[++i]) : c);
    else
      shown += text[i];
  }
  return shown;
}

Result<std::string> Answers::Secret(const std::string& what, const std::string& otherwise) const {
  if (from_stdin_) {
    std::string line;
    if (!std::getline(std::cin, line))
      return Error(Code::kInvalid,
                   fmt::format("standard input has no line for the {}; {}", what, otherwise));
    if (line.ends_with('\r')) line.pop_back();
    return line;
  }
  const auto terminal = QuietTerminal::Open();
  if (!terminal)
    return Error(Code::kInvalid,
                 fmt::format("there is no terminal to ask for the {}; {}", what, otherwise));
  std::string question = what;
  question[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(question[0])));
  terminal->Show(question + ": ");
  auto line = terminal->ReadLine();
  terminal->Show("\r\n");
  if (!line) return Error(Code::kCancelled, fmt::format("the {} was not given", what));
  return *std::move(line);
}

Result<std::string> Answers::NewSecret(const std::string& what,
                                       const std::string& otherwise) const {
  while (true) {
    TRY(auto first, Secret(what, otherwise));
    if (!typed()) return first;
    TRY(const auto second, Secret(what + ", again", otherwise));
    if (first == second) return first;
    std::cerr << "the two are not the same; type it again\n";
  }
}

}  // namespace vams::cli
