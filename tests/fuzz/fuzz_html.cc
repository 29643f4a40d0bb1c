// Any bytes as the HTML of a comment.  What comes out is made of nothing but the tags that comments
// may have, and stays as it is when it is sanitised again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "model/html.h"

namespace {

using namespace vams::model;

void Check(std::string_view html) {
  const std::string clean = SanitizeHtml(html);
  if (!IsSanitizedHtml(clean)) std::abort();
  if (SanitizeHtml(clean) != clean) std::abort();
  (void)HasText(clean);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
