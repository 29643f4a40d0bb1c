// A small HTTP server with scripted answers, in this process: what real servers do too seldom to be
// tested with them.  It answers with the checksum that DynamoDB sends, can be slow, silent, cut an
// answer off or drop the connection, and remembers every request.
//
//   FakeAwsServer server([](const FakeRequest& request) {
//     if (request.action == "GetItem") return FakeAnswer{.body = "{}"};
//     return FakeAnswer{.status = 400, .body = R"({"__type":"x#ThrottlingException"})"};
//   });
//   options.endpoint = server.endpoint();
//
// The handler runs on the server's threads, one call at a time.  Destruction ends every connection.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vams::testing {

struct FakeRequest {
  std::string method;
  std::string path;                                         // with the query
  std::string action;                                       // behind the last '.' of X-Amz-Target
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case
  std::string body;
  std::size_t number = 0;  // from 1

  std::string_view Header(std::string_view name) const;
};

struct FakeAnswer {
  enum class How : std::uint8_t {
    kWhole,
    kCutOff,  // half of the body, then the end
    kDrop,    // no answer, the connection ends
    kSilent,  // no answer, the connection stays
  };
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  How how = How::kWhole;
  bool checksum = true;  // x-amz-crc32
  bool bad_checksum = false;
};

class FakeAwsServer {
 public:
  using Handler = std::function<FakeAnswer(const FakeRequest&)>;

  explicit FakeAwsServer(Handler handler);
  ~FakeAwsServer();
  FakeAwsServer(const FakeAwsServer&) = delete;
  FakeAwsServer& operator=(const FakeAwsServer&) = delete;

  std::string endpoint() const;  // "http://127.0.0.1:40123"
  std::vector<FakeRequest> requests() const;
  // Of that action.
  std::size_t Count(std::string_view action) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::testing
