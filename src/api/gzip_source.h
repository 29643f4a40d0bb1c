// A body that is made piece by piece and sent as a gzip file, whatever its size; memory holds a
// piece at a time.  RFC 1952.
//
// Belongs to one thread at a time, as http::BodySource says.  Blocks as its maker does.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "http/message.h"

namespace vams::api {

class GzipSource final : public http::BodySource {
 public:
  // Appends the next piece; false: there is none, and nothing was appended.
  using Maker = std::function<Result<bool>(OpContext& op, std::string& piece)>;

  // `begin` comes before everything that is made.
  GzipSource(std::string begin, Maker make);
  ~GzipSource() override;

  Result<std::size_t> Read(OpContext& op, std::span<char> buffer) override;

 private:
  struct Stream;

  std::string piece_;    // what is being compressed
  bool at_end_ = false;  // nothing follows the piece
  bool done_ = false;    // everything was given
  Maker make_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace vams::api
