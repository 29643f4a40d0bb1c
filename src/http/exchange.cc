#include "http/exchange.h"

#include <fmt/format.h>

#include <exception>

#include "base/log.h"
#include "http/compress.h"

namespace vams::http {

Response InternalError(const std::string& request_id) {
  return Message(500, fmt::format("the server could not answer this request; its log names the "
                                  "cause under the request id {}",
                                  request_id));
}

void RunHandler::operator()() const {
  const std::string& id = exchange->request.request_id;
  const std::string& route = exchange->route->id;
  try {
    Result<Response> result = exchange->route->handle(exchange->request, exchange->op);
    if (result.ok()) {
      exchange->response = *std::move(result);
      if (!exchange->route->inline_ok) CompressIfWorthwhile(exchange->request, exchange->response);
      return;
    }
    const Error& error = result.error();
    if (StatusOf(error.code) >= 500)
      LogError(fmt::format("request {} {}: {}: {} ({})", id, route, CodeName(error.code),
                           error.message, error.details));
    exchange->response = ErrorResponse(error);
  } catch (const std::exception& thrown) {
    LogError(fmt::format("request {} {}: exception: {}", id, route, thrown.what()));
    exchange->response = InternalError(id);
  } catch (...) {
    LogError(fmt::format("request {} {}: unknown exception", id, route));
    exchange->response = InternalError(id);
  }
}

void PullStream::operator()() {
  std::string why;
  file.reset();
  got = 0;
  try {
    if (may_be_file) file = exchange->response.stream->NextFile();
    if (file && file->file != nullptr) return;
    if (!file) {
      const Result<std::size_t> result = exchange->response.stream->Read(exchange->op, buffer);
      if (result.ok() && *result <= buffer.size()) {
        got = *result;
        return;
      }
      why = result.ok() ? "more bytes than there is room for"
                        : fmt::format("{}: {} ({})", CodeName(result.error().code),
                                      result.error().message, result.error().details);
    } else {
      why = "a file that was never opened";
    }
  } catch (const std::exception& thrown) {
    why = fmt::format("exception: {}", thrown.what());
  } catch (...) {
    why = "unknown exception";
  }
  failed = true;
  LogError(fmt::format("request {} {}: the answer was cut in its middle: {}",
                       exchange->request.request_id, exchange->route->id, why));
}

}  // namespace vams::http
